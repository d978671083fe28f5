"""What a payer pays for a code: a table the practice brings, shown beside a determination only."""
