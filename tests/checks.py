"""What the tests in Python share: checks that are counted, the program, the last line. A test says where this lies:

    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
"""
import os
import subprocess

LBSIM = os.path.abspath(os.environ.get("LBSIM", "lbsim"))
passed = failed = 0


def check(holds, what):
    """Counts, and says what does not hold. Returns whether it does."""
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print("FAILED:", what)
    return holds


def lbsim(*words, **more):
    """The program, run to its end; what it wrote as text."""
    return subprocess.run([LBSIM, *words], capture_output=True, text=True, check=False, **more)


def finish():
    """The line that run_tests.sh counts by. Returns the exit status."""
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
