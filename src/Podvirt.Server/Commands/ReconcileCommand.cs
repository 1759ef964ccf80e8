using System.CommandLine;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt reconcile</c>.</summary>
internal static class ReconcileCommand
{
    /// <summary>Differences that are kept and shown; all are counted. A ledger that is wrong throughout would fill the memory with them.</summary>
    private const int ShownMax = 1_000;

    public static Command Build(CommandContext context)
    {
        var command = new ClientCommand("reconcile", "Recompute rollups, totals and invoices from the raw records and report every difference; ends with 1 if there is any", context);
        command.SetCall(
            "Comparing the ledger with its raw records",
            async (ParseResult _, AdminClient client, CancellationToken cancellationToken) =>
            {
                var shown = new List<string>();
                await foreach (var line in client.ReadLinesAsync("/api/reconcile", cancellationToken))
                {
                    if (line.TryGetProperty("done", out JsonElement _))
                    {
                        return JsonSerializer.SerializeToElement(new
                        {
                            records = line.GetProperty("records").GetInt64(),
                            differences = line.GetProperty("differences").GetInt64(),
                            shown,
                        });
                    }
                    shown.AddRange(line.Items("differences").Select(d => d.GetString()!).Take(ShownMax - shown.Count));
                }
                throw new CommandFailure("The server broke off before it had compared everything; its log says why.");
            },
            (_, answer) =>
            {
                foreach (var difference in answer.Items("shown"))
                {
                    context.Terminal.Output.WriteLine(difference.GetString());
                }
                context.Terminal.Error.WriteLine($"{answer.Text("records")} records compared, {answer.Text("differences")} differences.");
            },
            exitCode: answer => answer.GetProperty("differences").GetInt64() == 0 ? ExitCodes.Ok : ExitCodes.Failed);
        return command;
    }
}
