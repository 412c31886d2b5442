"""What we measure against: the same thing done plainly, run beside ours in the same minute."""
