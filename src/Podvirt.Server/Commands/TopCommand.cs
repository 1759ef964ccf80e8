using System.CommandLine;
using System.Text.Json;
using Podvirt.Server.Client;
using Podvirt.Server.Output;
using Spectre.Console;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt top</c>: models, gpus and memory, drawn anew every second.</summary>
internal static class TopCommand
{
    private const int BarWidth = 32;

    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    public static Command Build(CommandContext context)
    {
        var once = new Option<bool>("--once") { Description = "Print one picture and end; so it does where no terminal is" };
        var command = new ClientCommand("top", "Show models, gpus and memory live; Ctrl-C ends it", context);
        command.Add(once);
        command.SetCall(
            "Asking for the fleet",
            LookAsync,
            (_, answer) => context.Terminal.Draw(Picture(answer)),
            parsed => context.Terminal.IsLive && !parsed.GetValue(once),
            (parsed, client, cancellationToken) => context.Terminal.LiveAsync(
                async token => Picture(await LookAsync(parsed, client, token)), _interval, context.Time, cancellationToken));
        return command;
    }

    private static async Task<JsonElement> LookAsync(ParseResult parsed, AdminClient client, CancellationToken cancellationToken)
    {
        var models = await client.GetAsync("/api/models", cancellationToken);
        var gpus = await client.GetAsync("/api/gpus", cancellationToken);
        return JsonSerializer.SerializeToElement(new { models = models.GetProperty("data"), gpus = gpus.GetProperty("data") });
    }

    private static Rows Picture(JsonElement fleet)
    {
        var models = fleet.Items("models");
        var counts = models.GroupBy(m => m.Text("status"), StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {g.Key}");
        var head = $"{models.Count} models: {string.Join(", ", counts)}; {Sum(models, "in_flight")} in flight, {Sum(models, "waiting")} waiting";
        return new Rows(new Text(head), Text.Empty, Gpus(fleet.Items("gpus")), Text.Empty, Models(models));
    }

    private static Table Gpus(IReadOnlyList<JsonElement> gpus) => Terminal.TableOf(
        gpus,
        ("GPU", false, g => $"{g.Text("id")} {g.Text("type")}"),
        ("MEMORY (█ reserved ▒ asleep)", false, Bar),
        ("FREE", true, g => Sizes.Text(g.GetProperty("free_bytes").GetInt64())),
        ("OF", true, g => Sizes.Text(g.GetProperty("memory_bytes").GetInt64())),
        ("STATUS", false, g => g.Text("status")),
        ("HOLDS", false, g => string.Join(", ", g.Items("replicas").Select(r => $"{r.Text("model")} ({r.Text("state")})"))));

    private static Table Models(IReadOnlyList<JsonElement> models) => Terminal.TableOf(
        models,
        ("MODEL", false, m => m.Text("id")),
        ("STATUS", false, m => m.Text("warm_up", "phase") is var phase and not "-" ? $"{m.Text("status")} ({phase})" : m.Text("status")),
        ("REPLICAS", true, m => $"{m.Text("replicas", "active")}/{m.Text("replicas", "max")}"),
        ("IN FLIGHT", true, m => m.Text("in_flight")),
        ("WAITING", true, m => m.Text("waiting")),
        ("REQUESTS", true, m => m.Text("requests_total")),
        ("STARTUP_MS", true, m => m.Text("startup_duration_ms")));

    private static string Bar(JsonElement gpu)
    {
        var all = Math.Max(1, gpu.GetProperty("memory_bytes").GetInt64());
        var reserved = Cells(gpu.GetProperty("reserved_bytes").GetInt64(), all);
        var asleep = Math.Min(BarWidth - reserved, Cells(gpu.GetProperty("sleeping_bytes").GetInt64(), all));
        return new string('█', reserved) + new string('▒', asleep) + new string('·', BarWidth - reserved - asleep);
    }

    /// <summary>What is held at all is seen: at least one cell.</summary>
    private static int Cells(long bytes, long all) => bytes == 0 ? 0 : (int)Math.Clamp((double)bytes * BarWidth / all, 1, BarWidth);

    private static long Sum(IReadOnlyList<JsonElement> models, string name) => models.Sum(m => m.GetProperty(name).GetInt64());
}
