using System.CommandLine;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt usage parked</c>.</summary>
internal static class ParkedUsageCommand
{
    public static Command Build(CommandContext context)
    {
        var limit = new Option<int>("--limit") { Description = "How many at most", HelpName = "N", DefaultValueFactory = _ => 100 };
        var command = new ClientCommand("parked", "List usage that could not be billed as it came, newest first", context) { limit };
        command.SetCall(
            "Asking for parked usage",
            (parsed, client, cancellationToken) => client.GetAsync($"/api/usage/parked?limit={parsed.GetValue(limit)}", cancellationToken),
            (_, answer) =>
            {
                context.Terminal.Table(
                    answer.Items(),
                    ("AT", false, p => p.Text("at")),
                    ("REQUEST", false, p => p.Text("request")),
                    ("MODEL", false, p => p.Text("model")),
                    ("REPLICA", false, p => p.Text("replica")),
                    ("PROMPT", true, p => p.Text("prompt_tokens")),
                    ("COMPLETION", true, p => p.Text("completion_tokens")),
                    ("WHY", false, p => p.Text("why")));
                context.Terminal.Error.WriteLine($"{answer.Text("total")} in all.");
            });
        return command;
    }
}
