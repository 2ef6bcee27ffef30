"""What a cohort's report holds (its blocks and pages: `render.report`).

`figures` draws arrays, `characteristics` describes the patients, `checklists` fills TRIPOD+AI and METRICS.
"""
