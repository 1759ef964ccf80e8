using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podvirt.Testing;

/// <summary>A real <c>podvirt serve</c> on loopback with a data folder of its own. Its end is part of the test: nothing may be left behind.</summary>
public sealed class PodvirtProcess : IAsyncDisposable
{
    public const string ApiKey = "pv-functional-tests";
    public const string AdminToken = "functional-tests-admin-token";

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private PodvirtProcess(Process process, Uri address, string data, string apiKey, string adminToken)
    {
        _process = process;
        Address = address;
        Data = data;
        Client = MakeClient(apiKey);
        Admin = MakeClient(adminToken);
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) =>
        {
            Append(line.Data);
            if (line.Data is not null)
            {
                Logged?.Invoke(line.Data);
            }
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static string Executable { get; } = Checkout.Output("src/Podvirt.Server", "podvirt");

    /// <summary>Gets each further line of its log, on any thread.</summary>
    public Action<string>? Logged { get; set; }

    public Uri Address { get; }

    public string Data { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Sends the development key.</summary>
    public HttpClient Client { get; }

    /// <summary>Sends the admin credential.</summary>
    public HttpClient Admin { get; }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <param name="address">Where a server before it listened; null takes a free port.</param>
    public static async Task<PodvirtProcess> StartAsync(
        string yaml, string? data = null, IReadOnlyDictionary<string, string>? environment = null, string scheme = "http", Uri? address = null)
    {
        var server = await LaunchAsync(yaml, data, environment, scheme, address);
        try
        {
            await server.UntilReadyAsync();
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
        return server;
    }

    /// <summary>Does not wait until it is ready.</summary>
    public static async Task<PodvirtProcess> LaunchAsync(
        string yaml, string? data = null, IReadOnlyDictionary<string, string>? environment = null, string scheme = "http", Uri? address = null)
    {
        data ??= Directory.CreateTempSubdirectory("podvirt-").FullName;
        var config = Path.Combine(data, "podvirt.yaml");
        await File.WriteAllTextAsync(config, yaml);
        address ??= new Uri($"{scheme}://127.0.0.1:{Ports.Free()}");
        var start = new ProcessStartInfo(Executable, ["serve", "--config", config, "--listen", address.ToString().TrimEnd('/'), "--data", data])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["PODVIRT_API_KEY"] = ApiKey;
        start.Environment["PODVIRT_ADMIN_TOKEN"] = AdminToken;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        return new PodvirtProcess(Process.Start(start)!, address, data, start.Environment["PODVIRT_API_KEY"]!, start.Environment["PODVIRT_ADMIN_TOKEN"]!);
    }

    public Task UntilReadyAsync() => Until.TrueAsync(IsReadyAsync, () => $"The server did not get ready:\n{Output}");

    public async Task<JsonObject> ModelAsync(string id) => (await Admin.GetFromJsonAsync<JsonObject>($"api/models/{id}"))!;

    public async Task<string> StatusAsync(string id) => (string)(await ModelAsync(id))["status"]!;

    public Task UntilStatusAsync(string id, string status) => Until.TrueAsync(
        async () => await StatusAsync(id) == status, () => $"{id} never became {status}:\n{Output}");

    /// <summary>All usage records, newest first, once there are as many as expected.</summary>
    public async Task<List<JsonObject>> RecordsAsync(int count, string? model = null)
    {
        List<JsonObject> records = [];
        await Until.TrueAsync(
            async () =>
            {
                var page = await Admin.GetFromJsonAsync<JsonObject>($"api/requests?limit=10000{(model is null ? "" : $"&model={Uri.EscapeDataString(model)}")}");
                records = [.. page!["data"]!.AsArray().Select(r => r!.AsObject())];
                return records.Count >= count;
            },
            () => $"{records.Count} of {count} usage records");
        return records;
    }

    public Task<HttpResponseMessage> ChatAsync(string model, bool stream, string text = "Describe a harbour town.", object? more = null, CancellationToken cancellationToken = default)
    {
        var body = new JsonObject
        {
            ["model"] = model,
            ["stream"] = stream,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
        };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(more ?? new { })!.AsObject().ToList())
        {
            body[name] = value?.DeepClone();
        }
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(body) };
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>Asks for the end: SIGINT as Ctrl-C does.</summary>
    public void Interrupt() => Signals.Send(Id, Signals.Interrupt);

    /// <summary>SIGSTOP: it holds its connections and leases, and says nothing.</summary>
    public void Pause() => Signals.Send(Id, Signals.Stop);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signals.Send(Id, Signals.Continue);

    /// <returns>False: it has ended.</returns>
    public bool TryPause() => Signals.TrySend(Id, Signals.Stop);

    /// <returns>False: it has ended.</returns>
    public bool TryResume() => Signals.TrySend(Id, Signals.Continue);

    /// <summary>kill -9.</summary>
    public void KillHard() => _process.Kill();

    /// <summary>kill -9, and the end of it. The data folder stays for the next server.</summary>
    public async Task KillAsync()
    {
        KillHard();
        await WaitForExitAsync(TimeSpan.FromSeconds(10));
        _process.Dispose();
    }

    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        return await WaitForExitAsync(timeout.Token);
    }

    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Processes of engines that belong to this server's data folder.</summary>
    public IReadOnlyList<int> Engines() => [.. Directory.EnumerateDirectories("/proc")
        .Select(d => int.TryParse(Path.GetFileName(d), out var pid) ? pid : 0)
        .Where(pid => pid > 0 && pid != Id && CommandLineOf(pid).Contains(Data, StringComparison.Ordinal)
            && CommandLineOf(pid).Contains("--served-model-name", StringComparison.Ordinal))];

    /// <summary>Its end, as <see cref="DisposeAsync"/> makes it; the data folder stays for the next server.</summary>
    public async ValueTask DisposeKeepingDataAsync()
    {
        await StopAsync();
        Client.Dispose();
        Admin.Dispose();
        _process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await DisposeKeepingDataAsync();
        if (Directory.Exists(Data))
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    private async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            Interrupt();
            try
            {
                await WaitForExitAsync(TimeSpan.FromSeconds(60));
            }
            catch (OperationCanceledException e)
            {
                _process.Kill(entireProcessTree: true);
                throw new TimeoutException($"The server did not stop within a minute:\n{Output}", e);
            }
        }
    }

    private static string CommandLineOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            // It ended while we looked.
            return "";
        }
    }

    // By default a response that is disposed early is read on for up to two seconds, to save its connection.
    private HttpClient MakeClient(string bearer) => new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = 4096,
        ResponseDrainTimeout = TimeSpan.Zero,
        SslOptions = Certificates.TakeOurs,
    })
    {
        BaseAddress = Address,
        Timeout = TimeSpan.FromMinutes(3),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", bearer) },
    };

    private async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited)
        {
            throw new InvalidOperationException($"The server ended with {_process.ExitCode}:\n{Output}");
        }
        try
        {
            using var response = await Client.GetAsync("readyz");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Not listening so far.
            return false;
        }
    }

    private void Append(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
