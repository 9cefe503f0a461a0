# A report of imgval as GitLab's code quality: an array of findings, waived ones left out.
[.submissions[] as $submission | $submission.findings[] | select(.waived | not) | {
  description: .message,
  check_name: .id,
  fingerprint: (.fingerprint + ":" + $submission.path),
  severity: ({"error": "blocker", "warning": "major", "note": "info"}[.severity]),
  location: {path: (.path // $submission.path), lines: {begin: 1}}
}]
