"""How an encoder is judged that stays as it is, and the record of its scores.

The protocols' names are in `laban.protocols`.
"""
