"""stub"""


def fingerprint(line: str, task_name: str = "") -> str:
    return line.replace(task_name, "#") if task_name else line
