using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using Podvirt.Microbenchmarks.Ledger;
using Podvirt.Microbenchmarks.Outbox;

namespace Podvirt.Microbenchmarks;

/// <summary>
/// Runs the benchmarks; BenchmarkDotNet's own arguments work (<c>--filter '*Relay*'</c>, <c>--list flat</c>).
/// <c>--short</c> runs all of them within three minutes, for a look rather than a verdict. The table of the run is left in
/// <c>artifacts/microbenchmarks/report.md</c>. <c>ledger</c> and <c>durability</c> are measurements of their own: see
/// <see cref="LedgerCommand"/> and <see cref="DurabilityCommand"/>.
/// </summary>
internal static class Program
{
    private const string ShortSwitch = "--short";

    private static readonly string s_artifacts = Path.Combine("artifacts", "microbenchmarks");

    public static async Task<int> Main(string[] args)
    {
        if (args is ["ledger", .. var rest])
        {
            return await LedgerCommand.RunAsync(rest);
        }
        if (args is ["durability", .. var durability])
        {
            return await DurabilityCommand.RunAsync(durability);
        }
        var isShort = args.Contains(ShortSwitch, StringComparer.Ordinal);
        args = [.. args.Where(a => a != ShortSwitch)];
        if (!args.Contains("--filter", StringComparer.Ordinal) && !args.Contains("--list", StringComparer.Ordinal))
        {
            args = [.. args, "--filter", "*"];
        }
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, Config(isShort)).ToList();
        if (summaries.Count > 0)
        {
            File.WriteAllLines(Path.Combine(s_artifacts, "report.md"), Report(summaries));
        }
        return summaries.Exists(s => s.HasCriticalValidationErrors || s.Reports.Any(r => !r.Success)) ? 1 : 0;
    }

    // The machine once, then a table for each class.
    private static IEnumerable<string> Report(List<Summary> summaries)
    {
        var isFirst = true;
        foreach (var summary in summaries)
        {
            var lines = File.ReadAllLines(MarkdownExporter.GitHub.ExportToFiles(summary, NullLogger.Instance).Single());
            var table = lines.SkipWhile(l => !l.StartsWith('|'));
            var title = summary.BenchmarksCases[0].Descriptor.Type.Name.Replace("Benchmarks", "", StringComparison.Ordinal);
            foreach (var line in isFirst ? lines.TakeWhile(l => !l.StartsWith('|')).Concat([$"### {title}", "", .. table]) : ["", $"### {title}", "", .. table])
            {
                yield return line;
            }
            isFirst = false;
        }
    }

    // Within this process: nothing is generated, restored or built while the machine is measured.
    private static ManualConfig Config(bool isShort)
    {
        var job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance);
        job = isShort
            ? job.WithId("Short").WithLaunchCount(1).WithWarmupCount(3).WithIterationCount(5).WithIterationTime(TimeInterval.FromMilliseconds(150))
            : job.WithId("Full").WithIterationTime(TimeInterval.FromMilliseconds(250));
        return ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddColumn(StatisticColumn.Median, StatisticColumn.Min)
            .HideColumns(Column.Job, Column.Gen0, Column.Gen1, Column.Mean, Column.Error, Column.StdDev)
            .AddLogger(ConsoleLogger.Default)
            .AddExporter(MarkdownExporter.GitHub)
            .WithArtifactsPath(s_artifacts);
    }
}
