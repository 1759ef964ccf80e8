using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Sleep;

/// <summary>
/// <c>/sleep</c>, <c>/wake_up</c>, <c>/is_sleeping</c> and <c>/collective_rpc</c>. The first two read their query only: a body is ignored.
/// </summary>
internal sealed class SleepEndpoints(SimulatedEngine engine, SleepController sleep)
{
    private const string ReloadWeights = "reload_weights";

    public async Task SleepAsync(HttpContext context)
    {
        RequireSleepMode();
        var level = context.Request.Query["level"].ToString() switch
        {
            "" or "1" => 1,
            "2" => 2,
            var other => throw RequestException.Engine($"The sleep level must be 1 or 2, got '{other}'"),
        };
        if (engine.Options.RejectSleepModeParameter && context.Request.Query.ContainsKey("mode"))
        {
            throw RequestException.Bad("Unknown query parameter: mode", "mode");
        }

        // An engine from before the mode existed leaves the running requests where they are.
        var mode = engine.Options.NoSleepModeParameter ? SleepMode.Keep : context.Request.Query["mode"].ToString() switch
        {
            "" or "abort" => SleepMode.Abort,
            "wait" => SleepMode.Wait,
            "keep" => SleepMode.Keep,
            var other => throw RequestException.Engine($"The sleep mode must be abort, wait or keep, got '{other}'"),
        };
        if (await sleep.SleepAsync(level, mode, context.RequestAborted) is { } problem)
        {
            throw RequestException.Engine(problem);
        }
    }

    public async Task WakeAsync(HttpContext context)
    {
        RequireSleepMode();
        var parts = Asleep.Nothing;
        foreach (var tag in context.Request.Query["tags"])
        {
            parts |= tag switch
            {
                "weights" => Asleep.Weights,
                "kv_cache" => Asleep.KvCache,
                _ => throw RequestException.Engine($"Nothing sleeps under the tag '{tag}'"),
            };
        }

        if (await sleep.WakeAsync(parts == Asleep.Nothing ? Asleep.All : parts, context.RequestAborted) is { } problem)
        {
            throw RequestException.Engine(problem);
        }
    }

    public Task IsSleepingAsync(HttpContext context) => Json.ReplyAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteBoolean("is_sleeping", sleep.IsSleeping);
        writer.WriteEndObject();
    });

    public async Task CallAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var method = new Fields(document.RootElement).Text("method")
            ?? throw RequestException.Malformed("Missing 'method' in request body", "method");
        if (method != ReloadWeights)
        {
            throw RequestException.Engine($"The workers have no method '{method}'");
        }

        if (await sleep.ReloadWeightsAsync(context.RequestAborted) is { } problem)
        {
            throw RequestException.Engine(problem);
        }

        await Json.ReplyAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("results");
            for (var rank = 0; rank < engine.Options.TensorParallelSize; rank++)
            {
                writer.WriteNullValue();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    private void RequireSleepMode()
    {
        if (!engine.Options.EnableSleepMode)
        {
            throw RequestException.Engine("Sleep mode is not enabled: start the engine with --enable-sleep-mode");
        }
    }
}
