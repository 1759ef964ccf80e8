using System.CommandLine;
using System.Text.Json;
using Podvirt.Server.Client;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt top</c>: models, gpus and memory, drawn anew every second.</summary>
internal static class TopCommand
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    public static Command Build(CommandContext context)
    {
        var once = new Option<bool>("--once") { Description = "Print one picture and end; so it does where no terminal is" };
        var command = new ClientCommand("top", "Show models, gpus and memory live; q or Ctrl-C ends it", context);
        command.Add(once);
        command.SetCall(
            "Asking for the fleet",
            LookAsync,
            (_, answer) =>
            {
                foreach (var line in TopPicture.Of(answer, context.Terminal.Width, int.MaxValue))
                {
                    context.Terminal.Output.WriteLine(line);
                }
            },
            parsed => context.Terminal.Screen is not null && !parsed.GetValue(once),
            (parsed, client, cancellationToken) => context.Terminal.Screen!.ShowAsync(
                token => LookAsync(parsed, client, token), TopPicture.Of, _interval, context.Time, cancellationToken));
        return command;
    }

    private static async Task<JsonElement> LookAsync(ParseResult parsed, AdminClient client, CancellationToken cancellationToken)
    {
        var models = await client.GetAsync("/api/models", cancellationToken);
        var gpus = await client.GetAsync("/api/gpus", cancellationToken);
        return JsonSerializer.SerializeToElement(new { models = models.GetProperty("data"), gpus = gpus.GetProperty("data") });
    }
}
