"""Run folders: one training each. The folder is the truth; nothing here imports torch until weights are asked for."""
