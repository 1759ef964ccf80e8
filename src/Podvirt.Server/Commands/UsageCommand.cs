using System.CommandLine;
using System.Text.Json;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt usage</c>.</summary>
internal static class UsageCommand
{
    private static readonly string[] _groups = ["model", "revision", "key", "project", "outcome", "hour", "day"];

    public static Command Build(CommandContext context)
    {
        var filters = new UsageFilters();
        var group = new Option<string>("--group") { Description = "What to sum by: " + string.Join(", ", _groups), HelpName = "GROUP", DefaultValueFactory = _ => "model" };
        group.AcceptOnlyFromAmong(_groups);
        var command = new ClientCommand("usage", "Sum requests, tokens and cost", context);
        filters.AddTo(command);
        command.Add(group);
        command.Add(ParkedUsageCommand.Build(context));
        command.SetCall(
            "Summing the ledger",
            (parsed, client, cancellationToken) => client.GetAsync($"/api/usage?group={parsed.GetRequiredValue(group)}{filters.Parameters(parsed)}", cancellationToken),
            (parsed, answer) => Show(context, parsed.GetRequiredValue(group), answer));
        return command;
    }

    private static void Show(CommandContext context, string group, JsonElement answer)
    {
        var total = answer.GetProperty("total");
        context.Terminal.Table(
            [.. answer.Items().Select(row => (Name: NameOf(group, row), Row: row)), (Name: "(all)", Row: total)],
            (group.ToUpperInvariant(), false, r => r.Name),
            ("REQUESTS", true, r => r.Row.Text("requests")),
            ("PROMPT", true, r => r.Row.Text("prompt_tokens")),
            ("CACHED", true, r => r.Row.Text("cached_tokens")),
            ("COMPLETION", true, r => r.Row.Text("completion_tokens")),
            ("USD", true, r => r.Row.Text("cost")));
        if (total.GetProperty("unreported").GetInt64() is > 0 and var unreported)
        {
            context.Terminal.Error.WriteLine($"{unreported} of these requests came without usage from their engine and are billed at zero.");
        }
        if (total.GetProperty("quarantined").GetInt64() is > 0 and var quarantined)
        {
            context.Terminal.Error.WriteLine($"{quarantined} of these requests came with usage that cannot be (negative, shrinking, broken or absurd counts) and are billed at zero.");
        }
    }

    /// <summary>The console's playground spends without a key.</summary>
    private static string NameOf(string group, JsonElement row) =>
        group == "key" && row.GetProperty("group").GetString() is "" ? "(playground)" : row.Text("group");
}
