using System.CommandLine;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt console</c>.</summary>
internal static class ConsoleCommand
{
    public static Command Build(CommandContext context)
    {
        var command = new ClientCommand("console", "Print a link that signs in to the console: once, within 15 minutes", context);
        command.SetCall(
            "Asking for a link",
            (_, client, cancellationToken) => client.PostAsync("/api/session/codes", new { }, cancellationToken),
            (_, answer) => context.Terminal.Output.WriteLine(answer.Text("url")));
        return command;
    }
}
