namespace Podvirt.LocalCluster.Chaos;

/// <summary><c>chaos</c>: one run, its summary on standard output, and 1 for an exit code where something was lost.</summary>
internal static class ChaosCommand
{
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        var options = ChaosOptions.Read(arguments) ?? throw new UsageException($"Usage: {ChaosOptions.Usage}");
        Say($"{options.Time.TotalMinutes:0.##} min of chaos, --seed {options.Seed}");
        var summary = await new ChaosRun(options, Say).RunAsync(stop);
        Console.WriteLine(summary.ToMarkdown());
        if (options.Results is { } folder)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "chaos.md"), summary.ToMarkdown(), CancellationToken.None);
            await File.WriteAllTextAsync(Path.Combine(folder, "chaos.json"), summary.ToJson(), CancellationToken.None);
        }
        return summary.Findings.Count == 0 ? 0 : 1;
    }

    private static void Say(string what) => Console.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {what}");
}
