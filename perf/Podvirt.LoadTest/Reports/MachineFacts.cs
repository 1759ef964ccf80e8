using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Podvirt.LoadTest.Reports;

/// <summary>What was measured, and on what. Nothing that names the machine or its folders.</summary>
internal sealed record MachineFacts(
    string Commit, DateTimeOffset At, string Processor, int Cores, string Kernel, string Memory, string Runtime, string LoadBefore, IReadOnlyDictionary<string, string> Peers)
{
    public static MachineFacts Read(string root, TimeProvider time) => new(
        Commit: ReadCommit(root),
        At: time.GetUtcNow(),
        Processor: FirstLine("/proc/cpuinfo", "model name")?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Cores: Environment.ProcessorCount,
        Kernel: File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        Memory: $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30):0} GiB",
        Runtime: RuntimeInformation.FrameworkDescription,
        // A machine that was busy before the run began was busy with something else.
        LoadBefore: string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]),
        Peers: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HAProxy"] = Output("haproxy", "-v").Split(' ') is [_, _, var haproxy, ..] ? haproxy : "unknown",
            ["nginx"] = Output("nginx", "-v").Trim() is { Length: > 0 } nginx ? nginx[(nginx.IndexOf('/') + 1)..] : "unknown",
            ["YARP"] = FileVersionInfo.GetVersionInfo(Path.Combine(root, "perf", "peers", "Yarp", "bin", "Release", "net10.0", "Yarp.ReverseProxy.dll")).ProductVersion?.Split('+')[0] ?? "unknown",
        });

    /// <summary>The commit, marked where files differ from it.</summary>
    private static string ReadCommit(string root)
    {
        var commit = Output("git", "-C", root, "rev-parse", "HEAD").Trim();
        var changes = Output("git", "-C", root, "status", "--porcelain", "--", "src", "perf/Podvirt.LoadTest", "perf/peers").Trim();
        return changes.Length > 0 ? $"{commit} with uncommitted changes" : commit;
    }

    private static string Output(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        // nginx says its version on standard error; neither stream of any of these fills a pipe.
        var text = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return text;
    }

    private static string? FirstLine(string file, string start) => File.ReadLines(file).FirstOrDefault(l => l.StartsWith(start, StringComparison.Ordinal));
}
