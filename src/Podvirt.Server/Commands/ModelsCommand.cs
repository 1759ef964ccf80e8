using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Podvirt.Server.Commands;

/// <summary><c>podvirt models</c>.</summary>
internal static class ModelsCommand
{
    public static Command Build(CommandContext context)
    {
        var command = new ClientCommand("models", "List the models and what they are doing", context);
        command.SetCall(
            "Asking for the models",
            (_, client, cancellationToken) => client.GetAsync("/api/models", cancellationToken),
            (_, answer) => Show(context, answer));
        return command;
    }

    private static void Show(CommandContext context, JsonElement answer)
    {
        var models = answer.Items();
        context.Terminal.Table(
            models,
            ("MODEL", false, m => m.Text("id")),
            ("TYPE", false, m => m.Text("type")),
            ("STATUS", false, m => m.Text("status")),
            ("GPU TYPE", false, m => m.Text("gpu", "type")),
            ("MEMORY", true, Memory),
            ("REQUESTS", true, m => m.Text("requests_total")),
            ("REPLICAS", true, m => $"{m.Text("replicas", "active")}/{m.Text("replicas", "max")}"),
            ("STARTUP_DURATION_MS", true, m => m.Text("startup_duration_ms")));
        foreach (var failed in models.Where(m => m.Text("reason") != "-"))
        {
            context.Terminal.Error.WriteLine($"{failed.Text("id")}: {failed.Text("reason")}{Retry(failed)}");
            foreach (var line in Tail(failed))
            {
                context.Terminal.Error.WriteLine("    " + line.GetString());
            }
        }
    }

    private static string Retry(JsonElement model) =>
        model.Text("failure", "retry_at") is var at and not "-" ? $" (the next request after {at} tries again)" : "";

    /// <summary>The engine's last words say more than the reason alone.</summary>
    private static IEnumerable<JsonElement> Tail(JsonElement model) =>
        model.TryGetProperty("failure", out var failure) && failure.ValueKind == JsonValueKind.Object ? failure.Items("log_tail").TakeLast(5) : [];

    private static string Memory(JsonElement model)
    {
        const double GibiByte = 1L << 30;
        var gpu = model.GetProperty("gpu");
        var count = gpu.GetProperty("count").GetInt32();
        var each = (gpu.GetProperty("memory_bytes").GetInt64() / GibiByte).ToString("0.#", CultureInfo.InvariantCulture) + "GiB";
        return count switch
        {
            0 => "-",
            1 => each,
            _ => $"{count}x{each}",
        };
    }
}
