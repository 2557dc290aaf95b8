"""`sealstream doctor`: is this relay well, and if not, what is to be done?

A check is a row of `ops.doctor.checks.CHECKS`. It reads and judges; it changes nothing.
"""
