"""`python -m benchmarks.detection`."""

from benchmarks.detection import main

if __name__ == "__main__":              # workers import this file again
    main()
