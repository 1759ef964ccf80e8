using System.Net.Http.Json;

namespace Podvirt.Testing.ClickHouse;

/// <summary>
/// A real ClickHouse engine behind its HTTP interface, on a free port of the loopback address: the program in
/// <c>tests/Podvirt.ClickHouseHost</c>. It takes some hundred MiB of memory, so tests share one where they can, each with a database of its
/// own. Data goes with it.
/// </summary>
public sealed class ClickHouseServer : IAsyncDisposable
{
    private const string Host = "tests/Podvirt.ClickHouseHost";

    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    /// <summary>A process that is killed would leave its sockets for debuggers in the system's folder.</summary>
    private static readonly Dictionary<string, string> s_environment = new() { ["DOTNET_EnableDiagnostics"] = "0" };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("podvirt-clickhouse-");
    private readonly HttpClient _client;
    private readonly int _port;
    private ChildProcess? _process;

    private ClickHouseServer(int port)
    {
        _port = port;
        Url = new Uri($"http://127.0.0.1:{port}");
        _client = new HttpClient { BaseAddress = Url };
    }

    public Uri Url { get; }

    /// <summary>The process, to be paused; null while it is stopped.</summary>
    public ChildProcess? Process => _process;

    public static async Task<ClickHouseServer> StartAsync()
    {
        var server = new ClickHouseServer(Ports.Free(1)[0]);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>On the same port, with the same data. Returns when it answers.</summary>
    public async Task StartAgainAsync()
    {
        var host = Path.Combine(Checkout.Root, Host);
        var library = Path.Combine(host, "Engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so");
        if (!File.Exists(library))
        {
            throw new InvalidOperationException($"There is no ClickHouse engine: run 'npm ci' in {Host}/Engine, or './build.sh test'.");
        }
        var program = Checkout.Output(Host, "Podvirt.ClickHouseHost.dll");
        _process = ChildProcess.Start("dotnet", [program, library, _folder.FullName, $"{_port}"], s_environment);
        using var limit = new CancellationTokenSource(s_startLimit);
        while (!await AnswersAsync())
        {
            if (_process.HasExited || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"The ClickHouse host did not start:\n{_process.Output}");
            }
            await Task.Delay(s_pause);
        }
    }

    /// <summary>As a crash would end it; the data stays.</summary>
    public async Task KillAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
            _process = null;
        }
    }

    /// <summary>Orders what goes wrong from now on; nothing, where nothing is named.</summary>
    /// <param name="refuseInserts">So many of the next inserts are refused.</param>
    /// <param name="cutInserts">Of so many of the next inserts the connection is cut when they are done.</param>
    /// <param name="readOnly">Nothing may be written.</param>
    /// <param name="slowMs">Every statement waits so long first.</param>
    /// <param name="hangs">No statement is answered.</param>
    public async Task FailAsync(int refuseInserts = 0, int cutInserts = 0, bool readOnly = false, int slowMs = 0, bool hangs = false)
    {
        using var response = await _client.PutAsJsonAsync("/faults", new { refuseInserts, cutInserts, readOnly, slowMs, hangs });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>A statement's answer, in tab-separated lines.</summary>
    public async Task<string> QueryAsync(string sql, string database = "default")
    {
        using var content = new StringContent(sql);
        using var response = await _client.PostAsync(new Uri($"/?database={database}", UriKind.Relative), content);
        var answer = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? answer : throw new InvalidOperationException(answer);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _client.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            return await _client.GetStringAsync(new Uri("/ping", UriKind.Relative)) == "Ok.\n";
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
