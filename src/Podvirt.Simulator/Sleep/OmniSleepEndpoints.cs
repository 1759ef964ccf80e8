using System.Text.Json;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Sleep;

/// <summary>
/// <c>/v1/omni/sleep</c> and <c>/v1/omni/wakeup</c>: a body with the stages, a level that is 2 unless it says otherwise, and a status
/// in the answer. The one stage is 0. Nothing wakes from level 2.
/// </summary>
internal sealed class OmniSleepEndpoints(SimulatorOptions options, SleepController sleep)
{
    private const int LevelDefault = 2;

    public async Task SleepAsync(HttpContext context)
    {
        using var document = await ReadAsync(context);
        var level = new Fields(document.RootElement).Whole("level") ?? LevelDefault;
        if (level < 0)
        {
            throw new RequestException(StatusCodes.Status422UnprocessableEntity, "Unprocessable Entity", "Input should be greater than or equal to 0: level", "level");
        }

        if (await sleep.SleepAsync(level == 1 ? 1 : 2, SleepMode.Abort, context.RequestAborted) is { } problem)
        {
            throw RequestException.Engine(problem);
        }

        await ReplyAsync(context, "SUCCESS");
    }

    public async Task WakeAsync(HttpContext context)
    {
        using var document = await ReadAsync(context);
        if (!sleep.IsSleeping)
        {
            await ReplyAsync(context, "SKIPPED");
            return;
        }

        if (sleep.Level != 1)
        {
            throw RequestException.Engine("The stage cannot be woken: its weights were discarded");
        }

        if (await sleep.WakeAsync(Asleep.All, context.RequestAborted) is { } problem)
        {
            throw RequestException.Engine(problem);
        }

        await ReplyAsync(context, "SUCCESS");
    }

    private async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        if (!options.EnableSleepMode)
        {
            throw RequestException.NotImplemented("The engine does not support sleep: start it with --enable-sleep-mode");
        }

        var document = await Json.ReadAsync(context);
        if (new Fields(document.RootElement).Wholes("stage_ids") is [0])
        {
            return document;
        }

        document.Dispose();
        throw new RequestException(StatusCodes.Status422UnprocessableEntity, "Unprocessable Entity", "The engine has the one stage 0: stage_ids", "stage_ids");
    }

    private static Task ReplyAsync(HttpContext context, string status) => Json.ReplyAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("status", status);
        writer.WriteStartArray("acks");
        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
