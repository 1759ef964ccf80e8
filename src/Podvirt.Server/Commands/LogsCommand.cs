using System.CommandLine;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt logs</c>.</summary>
internal static class LogsCommand
{
    public static Command Build(CommandContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "The model's id" };
        var lines = new Option<int>("--lines") { Description = "How many of the last lines", HelpName = "N", DefaultValueFactory = _ => 200 };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written from then on, by later replicas too; Ctrl-C ends it" };
        var command = new ClientCommand("logs", "Print what a model's engine wrote last", context);
        command.Add(model);
        command.Add(lines);
        command.Add(follow);
        command.SetCall(
            "Asking for the log",
            async (parsed, client, cancellationToken) =>
            {
                var id = parsed.GetRequiredValue(model);
                var text = await client.GetTextAsync($"/api/logs/{ApiPath.Of(id)}?lines={parsed.GetValue(lines)}", cancellationToken);
                var all = text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');
                return JsonSerializer.SerializeToElement(new { model = id, lines = all });
            },
            (_, answer) =>
            {
                foreach (var line in answer.Items("lines"))
                {
                    context.Terminal.Output.WriteLine(line.GetString());
                }
            },
            parsed => parsed.GetValue(follow),
            (parsed, client, cancellationToken) => client.CopyTextAsync(
                $"/api/logs/{ApiPath.Of(parsed.GetRequiredValue(model))}?lines={parsed.GetValue(lines)}&follow=true", context.Terminal.Output, cancellationToken));
        return command;
    }
}
