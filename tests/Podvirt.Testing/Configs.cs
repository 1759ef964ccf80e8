namespace Podvirt.Testing;

/// <summary>Catalogs for tests: simulated engines that are quick, but go through all of their phases.</summary>
public static class Configs
{
    public const string Quick = "--sim-load-weights, 300ms, --sim-load-compile, 100ms, --sim-load-graphs, 100ms, --sim-ttft, 20ms, --sim-token-time, 5ms";

    public static string Model(
        string id, string type = "chat", string memory = "20GiB", string replicas = "{ max: 1, concurrency: 64 }", string idle = "auto", string more = "") => $$"""
          - id: {{id}}
            vendor: Tests
            type: {{type}}
            engine: { kind: simulated, model: tests/{{id}}, args: [{{Quick}}{{(more.Length == 0 ? "" : ", " + more)}}] }
            gpu: { count: 1, memory: {{memory}} }
            replicas: {{replicas}}
            idle: {{idle}}
            price: { prompt: 0.1, cached: 0.02, completion: 0.3 }

        """;

    public static string Catalog(params string[] models) => $$"""
        gpus:
          simulated: { count: 2, type: H100, memory: 80GiB }
        models:
        {{string.Concat(models)}}
        """;

    public static string WithGateway(string catalog, string settings) => $"{catalog}\ngateway: {{ {settings} }}\n";

    public static string WithLimits(string catalog, string limits) => $"{catalog}\nlimits: {{ {limits} }}\n";
}
