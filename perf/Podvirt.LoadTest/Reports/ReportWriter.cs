using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Podvirt.LoadTest.Reports;

/// <summary>Puts a run into words (Markdown) and into figures (JSON), under the same dated name.</summary>
internal static class ReportWriter
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = false };

    /// <returns>The Markdown file.</returns>
    public static string Write(string folder, MachineFacts machine, IReadOnlyList<ScenarioReport> reports)
    {
        Directory.CreateDirectory(folder);
        var name = $"{machine.At.ToString("yyyy-MM-dd-HHmm", CultureInfo.InvariantCulture)}-{machine.Commit[..Math.Min(8, machine.Commit.Length)]}";
        var markdown = Path.Combine(folder, $"{name}.md");
        File.WriteAllText(markdown, Render(machine, reports));
        File.WriteAllText(Path.Combine(folder, $"{name}.json"), JsonSerializer.Serialize(new { machine, scenarios = reports }, s_json) + "\n");
        return markdown;
    }

    public static IEnumerable<string> RenderScenario(ScenarioReport report)
    {
        yield return $"## {report.Name}";
        yield return "";
        if (report.Invalid is not null)
        {
            yield return $"**INVALID: {report.Invalid}**";
            yield return "";
        }
        yield return report.Summary;
        foreach (var table in report.Tables)
        {
            yield return "";
            yield return table.Title;
            yield return "";
            foreach (var line in table.Lines())
            {
                yield return line;
            }
        }
        if (report.Notes.Count > 0)
        {
            yield return "";
        }
        foreach (var note in report.Notes)
        {
            yield return $"- {note}";
        }
        yield return "";
    }

    public static ReportTable Summarise(IEnumerable<ScenarioReport> reports)
    {
        var table = new ReportTable("", "scenario", "what", "target", "figure", "verdict");
        foreach (var report in reports)
        {
            if (report is { Invalid: not null, Verdicts: [] })
            {
                table.Add(report.Name, report.Invalid, "", "", "invalid run");
            }
            foreach (var verdict in report.Verdicts)
            {
                table.Add(report.Name, verdict.What, verdict.Target, verdict.Figure, report.Invalid is null ? Name(verdict.Finding) : $"invalid run ({Name(verdict.Finding)})");
            }
        }
        return table;
    }

    private static string Render(MachineFacts machine, IReadOnlyList<ScenarioReport> reports)
    {
        var text = new StringBuilder()
            .AppendLine($"# Measured on {machine.At.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC")
            .AppendLine()
            .AppendLine("| | |")
            .AppendLine("|---|---|")
            .AppendLine($"| commit | {machine.Commit} |")
            .AppendLine($"| processor | {machine.Processor}, {machine.Cores} cores |")
            .AppendLine($"| memory | {machine.Memory} |")
            .AppendLine($"| kernel | {machine.Kernel} |")
            .AppendLine($"| runtime | {machine.Runtime} |")
            .AppendLine($"| peers | {string.Join(", ", machine.Peers.Select(p => $"{p.Key} {p.Value}"))} |")
            .AppendLine($"| load average before | {machine.LoadBefore} |")
            .AppendLine();
        foreach (var line in Summarise(reports).Lines())
        {
            text.AppendLine(line);
        }
        text.AppendLine();
        foreach (var line in reports.SelectMany(RenderScenario))
        {
            text.AppendLine(line);
        }
        return text.ToString().TrimEnd() + "\n";
    }

    private static string Name(Finding finding) => finding switch
    {
        Finding.Met => "met",
        Finding.Missed => "missed",
        _ => "not measured",
    };
}
