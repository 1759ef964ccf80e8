using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Gpu;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Sleep;

namespace Podvirt.Simulator.Metrics;

/// <summary><c>GET /sim/state</c>: what tests want to know and no real engine tells.</summary>
internal sealed class StateEndpoint(SimulatedEngine engine, SleepController sleep, GpuMemory memory)
{
    public Task HandleAsync(HttpContext context) => Json.ReplyAsync(context, writer =>
    {
        var stats = engine.Stats;
        writer.WriteStartObject();
        writer.WriteNumber("pid", Environment.ProcessId);
        writer.WriteNumber("running", engine.Admission.Running + engine.Videos.Running);
        writer.WriteNumber("queued", engine.Admission.Waiting + engine.Videos.Waiting);
        writer.WriteNumber("started", stats.RequestsStarted);
        writer.WriteNumber("finished", stats.RequestsFinished);
        writer.WriteNumber("aborted", stats.RequestsAborted);
        writer.WriteNumber("prompts_seen", stats.Prompts);
        writer.WriteNumber("prompt_tokens", stats.PromptTokens);
        writer.WriteNumber("tokens_generated", stats.GeneratedTokens);
        writer.WriteNumber("sleep_level", sleep.Level);
        writer.WriteBoolean("weights_valid", engine.Model.WeightsValid);
        writer.WriteNumber("gpu_bytes_held", memory.Held);
        writer.WriteNumber("host_bytes_held", memory.HostHeld);
        writer.WriteStartArray("gpus");
        foreach (var gpu in memory.Gpus)
        {
            writer.WriteStringValue(gpu);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
