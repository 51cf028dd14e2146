"""Define how far is too far: python alpha_definition.py DATA.csv [LABELS.csv] SETTINGS.txt."""

from dcvae.cli.thresholds import main

if __name__ == "__main__":
    main()
