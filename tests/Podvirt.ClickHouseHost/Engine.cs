using System.Collections.Concurrent;

namespace Podvirt.ClickHouseHost;

/// <summary>The engine on its data path, with some connections: more statements than those wait.</summary>
internal sealed class Engine : IDisposable
{
    private const int Connections = 4;

    /// <summary>For the tests' machine, which has other work: small caches, few threads, and memory that is given back.</summary>
    private static readonly string[] _settings =
    [
        "--max_threads=2", "--max_insert_threads=1", "--background_pool_size=2", "--max_server_memory_usage=2000000000",
        "--mark_cache_size=67108864", "--uncompressed_cache_size=0", "--log_queries=0",
        // Each test asks a few questions of its own: compiling them costs more than it saves.
        "--compile_expressions=0", "--compile_aggregate_expressions=0", "--compile_sort_description=0",
    ];

    private readonly ConcurrentBag<EngineConnection> _free = [];
    private readonly SemaphoreSlim _places = new(Connections);

    public Engine(string path, IReadOnlyList<string> settings)
    {
        for (var i = 0; i < Connections; i++)
        {
            _free.Add(new EngineConnection(["clickhouse", $"--path={path}", .. settings, .. _settings.Where(s => !settings.Any(o => NameOf(o) == NameOf(s)))]));
        }
    }

    /// <summary>Runs it with a connection of its own, on a thread of its own: the engine blocks.</summary>
    public async Task<T> RunAsync<T>(Func<EngineConnection, T> run, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(
                () =>
                {
                    _free.TryTake(out var connection);
                    try
                    {
                        return run(connection!);
                    }
                    finally
                    {
                        _free.Add(connection!);
                    }
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _places.Release();
        }
    }

    private static string NameOf(string setting) => setting.Split('=')[0];

    public void Dispose()
    {
        foreach (var connection in _free)
        {
            connection.Dispose();
        }
        _places.Dispose();
    }
}
