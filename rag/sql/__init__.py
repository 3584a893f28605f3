"""Questions about rows: registered databases, read only, and the SQL that answers.

schema_filter, values and prompt follow CodeS (Li et al., SIGMOD 2024); reading is the way without a model.
Knows no run and no tool: agents/tools/sql.py is the seam to those.
"""
