using System.CommandLine;

namespace Podvirt.Server.Commands;

/// <summary>The options that say which usage records are meant, and how they are asked for.</summary>
internal sealed class UsageFilters
{
    private readonly Option<string?>[] _options =
    [
        new("--from") { Description = "Start, UTC, such as 2026-01-31 or 2026-01-31T12:00:00Z; default a day before the end", HelpName = "TIME" },
        new("--to") { Description = "End, UTC; default now", HelpName = "TIME" },
        new("--model") { Description = "Only of this model", HelpName = "MODEL" },
        new("--revision") { Description = "Only of this revision", HelpName = "N" },
        new("--project") { Description = "Only of this project", HelpName = "PROJECT" },
        new("--key") { Description = "Only of the key with this id", HelpName = "ID" },
        new("--outcome") { Description = "Only those that ended so: completed, cancelled, truncated or failed", HelpName = "OUTCOME" },
        new("--source") { Description = "Only those whose counts came so: engine, none or quarantined", HelpName = "SOURCE" },
    ];

    public void AddTo(Command command)
    {
        foreach (var option in _options)
        {
            command.Add(option);
        }
    }

    /// <summary>Each that is set, as a further parameter of an address.</summary>
    public string Parameters(ParseResult parsed) => string.Concat(_options.Select(o => Parameter(o.Name[2..], parsed.GetValue(o))));

    public static string Parameter(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";
}
