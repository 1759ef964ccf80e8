// The project's build. Run it through build.sh: ./build.sh serve | test | build | publish | format | perf | lab | cluster
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

const string Configuration = "Release";
const string Solution = "Podvirt.sln";
const string Console_ = "src/Podvirt.Console";
const string ClickHouseEngine = "tests/Podvirt.ClickHouseHost/Engine";

// Every suite ends within its budget or fails: a hang must not look like a slow machine.
var suites = new (string Name, int BudgetMinutes)[]
{
    ("Podvirt.TidyTests", 2),
    ("Podvirt.Core.Tests", 3),
    ("Podvirt.Fuzz", 3),
    ("Podvirt.Messaging.Tests", 3),
    ("Podvirt.Metering.Tests", 4),
    ("Podvirt.Gateway.Tests", 5),
    ("Podvirt.Scheduler.Tests", 5),
    ("Podvirt.Simulator.Tests", 4),
    ("Podvirt.Tests", 4),
    ("Podvirt.Server.Tests", 3),
    ("Podvirt.LoadTest.Tests", 2),
    ("Podvirt.FunctionalTests", 23),
};
const int ConsoleBudgetMinutes = 3;

var target = Argument("target", "build");
var totals = (Passed: 0, Failed: 0, Skipped: 0);
var failures = new List<string>();

Task("console")
    .Does(() =>
{
    if (!HasNode())
    {
        Information("Node.js is not installed: Podvirt runs without its console.");
        return;
    }
    InstallNodePackages(Console_);
    if (!IsUpToDate($"{Console_}/dist/index.html", $"{Console_}/src/**/*", $"{Console_}/index.html", $"{Console_}/package-lock.json", $"{Console_}/vite.config.ts", $"{Console_}/build/*"))
    {
        Run("npm", "run build --silent", Console_);
    }
});

Task("restore")
    .Does(() => Run("dotnet", $"restore {Solution} --locked-mode -v quiet"));

Task("build")
    .IsDependentOn("console")
    .IsDependentOn("restore")
    .Does(() => Run("dotnet", $"build {Solution} -c {Configuration} --no-restore -v quiet -clp:NoSummary"));

Task("publish")
    .IsDependentOn("console")
    .Does(() =>
{
    // Compiled ahead of time the first requests after a start take a fraction of the time; elsewhere the runtime compiles as it goes.
    var ahead = OperatingSystem.IsLinux() && RuntimeInformation.RuntimeIdentifier == "linux-x64" ? "-r linux-x64 -p:PublishReadyToRun=true -p:SelfContained=false" : "";
    Run("dotnet", $"restore src/Podvirt.Server --locked-mode -v quiet {ahead}");
    Run("dotnet", $"publish src/Podvirt.Server -c {Configuration} --no-restore -o artifacts/podvirt -v quiet -clp:NoSummary {ahead}");
});

Task("format")
    .Does(() => Run("dotnet", $"format {Solution} --no-restore"));

Task("test-prerequisites")
    .Does(() =>
{
    CleanDirectory("artifacts/tests");
    if (!HasNode())
    {
        throw new CakeException("The tests run the console's suite and the OpenAI client for Node: install Node.js 20 or newer.");
    }
    InstallMissing(("/usr/bin/chromium", "chromium"), ("/usr/bin/curl", "curl"), ("/usr/bin/python3", "python3"), ("/usr/sbin/nats-server", "nats-server"),
        ("/usr/sbin/nginx", "nginx"), ("/usr/sbin/haproxy", "haproxy"));
    InstallNodePackages("tests/Podvirt.FunctionalTests/Clients", "tests/Podvirt.Gateway.Tests/ObjectStore", ClickHouseEngine);
});

Task("test")
    .IsDependentOn("test-prerequisites")
    .IsDependentOn("build")
    .Does(() =>
{
    Check("format", 4, () => Start("dotnet", $"format {Solution} --no-restore --verify-no-changes", ".", 4));
    Check("console lint", 2, () => Start("npm", "run lint --silent", Console_, 2));
    RunConsoleSuite();
    foreach (var (name, minutes) in suites)
    {
        RunSuite(name, minutes);
    }
    foreach (var failure in failures)
    {
        Error(failure);
    }
    // build.sh shows it behind Cake's own summary, as the last line.
    System.IO.File.WriteAllText("artifacts/tests/summary", $"{totals.Passed} passed, {totals.Failed} failed, {totals.Skipped} skipped\n");
    if (totals.Failed > 0)
    {
        throw new CakeException($"{totals.Failed} failed.");
    }
});

// The instrument is built by itself and not through Cake's restore of everything; what it measures is published as for an operator.
Task("perf")
    .IsDependentOn("publish")
    .Does(() =>
{
    InstallMissing(("/usr/sbin/nginx", "nginx"), ("/usr/sbin/haproxy", "haproxy"), ("/usr/sbin/nats-server", "nats-server"));
    InstallNodePackages(ClickHouseEngine);
    foreach (var project in new[] { "perf/Podvirt.LoadTest", "perf/peers/Yarp", "src/Podvirt.Server", "tests/Podvirt.ClickHouseHost" })
    {
        Run("dotnet", $"restore {project} --locked-mode -v quiet");
        Run("dotnet", $"build {project} -c {Configuration} --no-restore -v quiet -clp:NoSummary");
    }
});

// Simulations only: nothing else has to be built for them.
Task("lab")
    .Does(() =>
{
    const string project = "perf/Podvirt.Laboratory";
    Run("dotnet", $"restore {project} --locked-mode -v quiet");
    Run("dotnet", $"build {project} -c {Configuration} --no-restore -v quiet -clp:NoSummary");
});

// What it starts lies in the output folders of its projects.
Task("cluster")
    .IsDependentOn("console")
    .Does(() =>
{
    if (!HasNode())
    {
        throw new CakeException("The cluster's ClickHouse engine comes as a package for Node: install Node.js 20 or newer.");
    }
    InstallMissing(("/usr/sbin/nats-server", "nats-server"), ("/usr/sbin/nginx", "nginx"));
    InstallNodePackages(ClickHouseEngine);
    const string project = "tests/Podvirt.LocalCluster";
    Run("dotnet", $"restore {project} --locked-mode -v quiet");
    Run("dotnet", $"build {project} -c {Configuration} --no-restore -v quiet -clp:NoSummary");
});

RunTarget(target);

void InstallMissing(params (string Path, string Package)[] programs)
{
    var missing = programs.Where(p => !System.IO.File.Exists(p.Path)).Select(p => p.Package).ToArray();
    if (missing.Length > 0)
    {
        var sudo = Environment.UserName == "root" ? "" : "sudo ";
        Run("bash", $"-c \"{sudo}apt-get update -qq && {sudo}env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {string.Join(' ', missing)} >/dev/null\"");
    }
}

void InstallNodePackages(params string[] folders)
{
    foreach (var folder in folders.Where(f => !IsUpToDate($"{f}/node_modules/.package-lock.json", $"{f}/package-lock.json")))
    {
        Run("npm", "ci --no-audit --no-fund --loglevel=error", folder);
    }
}

void RunSuite(string name, int minutes)
{
    var report = System.IO.Path.GetFullPath($"artifacts/tests/{name}.json");
    System.IO.File.Delete(report);
    Information($"{name} (at most {minutes} min)");
    var code = Start("dotnet", $"exec tests/{name}/bin/{Configuration}/net10.0/{name}.dll -noLogo -noColor -longRunning 60 -result-ctrf {report}", ".", minutes);
    Count(name, code, report, root => root.GetProperty("results").GetProperty("summary"), "passed", "failed", "skipped");
}

void RunConsoleSuite()
{
    var report = System.IO.Path.GetFullPath("artifacts/tests/console.json");
    System.IO.File.Delete(report);
    Information($"Podvirt.Console (at most {ConsoleBudgetMinutes} min)");
    var code = Start("npx", $"--no-install vitest run --reporter=default --reporter=json --outputFile.json={report}", Console_, ConsoleBudgetMinutes);
    Count("Podvirt.Console", code, report, root => root, "numPassedTests", "numFailedTests", "numPendingTests");
}

void Count(string name, int code, string report, Func<JsonElement, JsonElement> summaryOf, string passed, string failed, string skipped)
{
    if (!System.IO.File.Exists(report))
    {
        Fail($"{name}: no report (exit code {code})");
        return;
    }
    using var document = JsonDocument.Parse(System.IO.File.ReadAllText(report));
    var summary = summaryOf(document.RootElement);
    totals.Passed += summary.GetProperty(passed).GetInt32();
    totals.Skipped += summary.GetProperty(skipped).GetInt32();
    var failedCount = summary.GetProperty(failed).GetInt32();
    totals.Failed += failedCount;
    if (failedCount > 0)
    {
        failures.Add($"{name}: {failedCount} failed");
    }
    else if (code != 0)
    {
        Fail($"{name}: exit code {code}");
    }
}

void Check(string name, int minutes, Func<int> run)
{
    Information($"{name} (at most {minutes} min)");
    if (run() == 0)
    {
        totals.Passed++;
    }
    else
    {
        Fail($"{name} failed");
    }
}

void Fail(string reason)
{
    totals.Failed++;
    failures.Add(reason);
}

bool HasNode() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator).Any(p => System.IO.File.Exists(System.IO.Path.Combine(p, "node")));

bool IsUpToDate(string product, params string[] sources)
{
    if (!System.IO.File.Exists(product))
    {
        return false;
    }
    var made = System.IO.File.GetLastWriteTimeUtc(product);
    return sources.SelectMany(s => GetFiles(s)).All(f => System.IO.File.GetLastWriteTimeUtc(f.FullPath) <= made);
}

void Run(string command, string arguments, string folder = ".")
{
    var code = Start(command, arguments, folder, 15);
    if (code != 0)
    {
        throw new CakeException($"'{command} {arguments}' failed with exit code {code}.");
    }
}

int Start(string command, string arguments, string folder, int minutes)
{
    using var process = Process.Start(new ProcessStartInfo(command, arguments) { WorkingDirectory = folder, UseShellExecute = false })!;
    if (process.WaitForExit(TimeSpan.FromMinutes(minutes)))
    {
        return process.ExitCode;
    }
    process.Kill(entireProcessTree: true);
    process.WaitForExit();
    Error($"'{command} {arguments}' took longer than its {minutes} min.");
    return -1;
}
