"""Find the anomalies of a file: python test.py DATA.csv SETTINGS.txt [--labels LABELS.csv]."""

from dcvae.cli.detect import main

if __name__ == "__main__":
    main()
