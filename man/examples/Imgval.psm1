<#
imgval under the parameter names of the ingestion client: what Initialize-FirmwareSubmission is given,
Test-FirmwareSubmission takes too, and judges it here, before anything is sent.

    Import-Module .\Imgval.psm1
    Test-FirmwareSubmission -TypeOfSubmission Image -UpdateHistoryPath C:\out -OemInputPath C:\out -Baseline

It returns the report as objects (the JSON report, imgval-formats(5)). A finding of severity error is an
error record: the rule is its FullyQualifiedErrorId, the finding its TargetObject, the remedy its
recommended action. A verdict that is incomplete is one too, "Incomplete". Other findings are warnings and
verbose messages. Where nothing could be judged (a usage error), the command ends with an error.

imgval.exe is looked for beside this file, one folder above it, then on the path. For Windows PowerShell
3.0 and later. The tests of imgval do not run this file: they have no PowerShell.
#>

function Find-Imgval {
    foreach ($folder in $PSScriptRoot, (Split-Path -Parent $PSScriptRoot)) {
        $program = Join-Path $folder 'imgval.exe'
        if (Test-Path -LiteralPath $program -PathType Leaf) { return $program }
    }
    (Get-Command -Name imgval -CommandType Application -ErrorAction Stop | Select-Object -First 1).Path
}

# The path as imgval is to see it. A backslash at the end would escape the quote after it.
function Resolve-Given([string] $Path) {
    (Resolve-Path -LiteralPath $Path -ErrorAction Stop).ProviderPath -replace '(?<=[^:])\\+$', ''
}

function New-Record([string] $Message, [string] $Id, [string] $Category, $Target, [string] $Remedy) {
    $record = New-Object System.Management.Automation.ErrorRecord (
        (New-Object System.Exception $Message), $Id, $Category, $Target)
    $record.ErrorDetails = New-Object System.Management.Automation.ErrorDetails $Message
    $record.ErrorDetails.RecommendedAction = $Remedy
    $record
}

function Test-FirmwareSubmission {
    [CmdletBinding()]
    param(
        # UpdateHistory.xml, or the folder that holds it; for an image also where the image lies.
        [string] $UpdateHistoryPath,
        # OEMInput.xml, or the folder that holds it.
        [string] $OemInputPath,
        [ValidateSet('Image', 'PartialImage')] [string] $TypeOfSubmission = 'Image',
        # The folder of the packages of a partial image.
        [string] $PartialImageDirectory,
        # To be judged as a baseline: what breaks WSPC is then an error.
        [switch] $Baseline,
        # A partial image without an update history.
        [switch] $ContextFree,
        # The image, or the folder of its packages; default: the folder of the update history.
        [string] $Path,
        # Further options of imgval scan, for instance '--require-baseline'.
        [string[]] $Option = @()
    )

    $words = @('scan', '--format=text', '-q')
    if ($TypeOfSubmission -eq 'PartialImage') {
        $words += '--type=partial'
        if (-not $PartialImageDirectory) { throw '-PartialImageDirectory is needed for a partial image' }
        $subject = Resolve-Given $PartialImageDirectory
    }
    elseif ($Path) { $subject = Resolve-Given $Path }
    elseif (-not $UpdateHistoryPath) { throw '-UpdateHistoryPath or -Path is needed' }
    elseif (Test-Path -LiteralPath $UpdateHistoryPath -PathType Container) {
        $subject = Resolve-Given $UpdateHistoryPath
    }
    else { $subject = Split-Path -Parent (Resolve-Given $UpdateHistoryPath) }
    if ($UpdateHistoryPath) { $words += "--update-history=$(Resolve-Given $UpdateHistoryPath)" }
    if ($OemInputPath) { $words += "--oem-input=$(Resolve-Given $OemInputPath)" }
    if ($Baseline) { $words += '--baseline' }
    if ($ContextFree) { $words += '--context-free' }

    # The report goes through a file: what a program prints is decoded by the code page of the console.
    $file = [IO.Path]::GetTempFileName()
    try {
        $ErrorActionPreference = 'Continue' # a line on standard error ends nothing
        $PSNativeCommandUseErrorActionPreference = $false
        $said = & (Find-Imgval) @words @Option "--report=json:$file" '--' $subject 2>&1 |
            Where-Object { $_ -is [System.Management.Automation.ErrorRecord] } | ForEach-Object { "$_" }
        $status = $LASTEXITCODE
        $text = [IO.File]::ReadAllText($file)
    }
    finally { Remove-Item -LiteralPath $file -Force }
    if (-not $text) {
        $PSCmdlet.ThrowTerminatingError((New-Record (@($said) -join "`n") "ExitStatus$status" `
            'InvalidOperation' $subject))
    }
    $report = $text | ConvertFrom-Json

    foreach ($submission in $report.submissions) {
        foreach ($finding in $submission.findings) {
            $message = "$($finding.id) $($finding.name): $($finding.message)"
            if ($finding.waived) { Write-Verbose "waived: $message" }
            elseif ($finding.severity -eq 'error') {
                $PSCmdlet.WriteError(
                    (New-Record $message $finding.id 'InvalidData' $finding $finding.remedy))
            }
            elseif ($finding.severity -eq 'warning') { Write-Warning $message }
            else { Write-Verbose $message }
        }
    }
    if ($report.verdict -eq 'incomplete') {
        $PSCmdlet.WriteError((New-Record 'The verdict is incomplete: not everything was checked.' `
            'Incomplete' 'NotSpecified' $report))
    }
    if ($status -eq 4) {
        $PSCmdlet.WriteError((New-Record (@($said) -join "`n") 'ExitStatus4' 'ResourceUnavailable' $subject))
    }
    $report
}

Export-ModuleMember -Function Test-FirmwareSubmission
