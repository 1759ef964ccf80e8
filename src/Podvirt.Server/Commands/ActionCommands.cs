using System.CommandLine;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt wake|sleep|stop|pin|unpin MODEL</c>.</summary>
internal static class ActionCommands
{
    public static IEnumerable<Command> Build(CommandContext context) =>
    [
        Build(context, "wake", "Bring a model's replica up, as a request would"),
        Build(context, "sleep", "Drain a model's replicas and send them to sleep"),
        Build(context, "stop", "Drain and stop a model's replicas; the next request starts it again"),
        Build(context, "pin", "Keep a replica of a model up, whatever its idle policy says"),
        Build(context, "unpin", "Let a model's idle policy hold again"),
    ];

    private static ClientCommand Build(CommandContext context, string action, string description)
    {
        var model = new Argument<string>("MODEL") { Description = "The model's id" };
        var command = new ClientCommand(action, description, context);
        command.Add(model);
        command.SetCall(
            "Waiting for the scheduler",
            (parsed, client, cancellationToken) =>
                client.PostAsync($"/api/models/{ApiPath.Of(parsed.GetRequiredValue(model))}/{action}", new { }, cancellationToken),
            (_, answer) => context.Terminal.Output.WriteLine(answer.Text("message")));
        return command;
    }
}
