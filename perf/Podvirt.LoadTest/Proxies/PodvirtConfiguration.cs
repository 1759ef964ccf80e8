using System.Text;

namespace Podvirt.LoadTest.Proxies;

/// <summary>The <c>podvirt.yaml</c> of a measurement.</summary>
internal sealed class PodvirtConfiguration
{
    /// <summary>More requests at a time than any scenario sends: most measure the relay, not the queue before it.</summary>
    private const int ConcurrencyMax = 20_000;

    private readonly StringBuilder _models = new();

    public int Gpus { get; init; } = 1;

    public override string ToString() => $$"""
        gpus:
          simulated: { count: {{Gpus}}, type: H100, memory: 80GiB }
        gateway: { io_threads: 1 }
        models:
        {{_models}}
        """;

    /// <summary>A model whose engine runs already.</summary>
    public PodvirtConfiguration AddExternal(string id, int enginePort)
    {
        _models.AppendLine($$"""
              - id: {{id}}
                type: chat
                engine: { kind: external, url: "http://127.0.0.1:{{enginePort}}" }
                replicas: { concurrency: {{ConcurrencyMax}} }
                price: { prompt: 0.10, cached: 0.02, completion: 0.30 }
            """);
        return this;
    }

    /// <summary>A model that is cold, and whose engine Podvirt starts by a command line.</summary>
    public PodvirtConfiguration AddCommand(string id, int concurrency, params string[] command)
    {
        _models.AppendLine($$"""
              - id: {{id}}
                type: chat
                engine: { kind: command, command: [{{Quote(command)}}] }
                gpu: { count: 1, memory: 8GiB }
                replicas: { min: 0, max: 1, concurrency: {{concurrency}} }
                price: { prompt: 0.10, cached: 0.02, completion: 0.30 }
            """);
        return this;
    }

    /// <summary>A model with several replicas that are always there, each a simulated engine on its own gpu.</summary>
    public PodvirtConfiguration AddSimulated(string id, int replicas, params string[] arguments)
    {
        _models.AppendLine($$"""
              - id: {{id}}
                type: chat
                engine: { kind: simulated, model: {{id}}, args: [{{Quote(arguments)}}] }
                gpu: { count: 1, memory: 60GiB }
                replicas: { min: {{replicas}}, max: {{replicas}}, concurrency: 64 }
                price: { prompt: 0.10, cached: 0.02, completion: 0.30 }
            """);
        return this;
    }

    /// <summary>A model with one simulated engine that sleeps after a time without a request, and never stops.</summary>
    public PodvirtConfiguration AddSleeper(string id, string sleepAfter, params string[] arguments)
    {
        _models.AppendLine($$"""
              - id: {{id}}
                type: chat
                engine: { kind: simulated, model: {{id}}, args: [{{Quote(arguments)}}] }
                gpu: { count: 1, memory: 60GiB }
                idle: { sleep_after: {{sleepAfter}}, stop_after: 24h }
                price: { prompt: 0.10, cached: 0.02, completion: 0.30 }
            """);
        return this;
    }

    private static string Quote(string[] words) => string.Join(", ", words.Select(w => $"\"{w}\""));
}
