using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Podvirt.Simulator.Tests.Engines;

/// <summary>The real executable as a child process.</summary>
internal sealed class EngineProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private EngineProcess(Process process, int port)
    {
        _process = process;
        Port = port;
        Client = new EngineClient(port);
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Port { get; }

    public int Id => _process.Id;

    public EngineClient Client { get; }

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Starts with quick phases; arguments given later win.</summary>
    public static EngineProcess Start(params string[] more)
    {
        var port = FreePort();
        return Run(["serve", "org/model", "--port", $"{port}", "--enable-sleep-mode", "--sim-load-weights", "10ms", "--sim-load-compile", "0",
            "--sim-load-graphs", "0", "--sim-ttft", "0", "--sim-token-time", "1ms", .. more], port);
    }

    public static EngineProcess Run(string[] arguments, int port)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Podvirt.Simulator.dll"));
        Array.ForEach(arguments, start.ArgumentList.Add);
        start.Environment["VLLM_SERVER_DEV_MODE"] = "1";
        start.Environment.Remove("CUDA_VISIBLE_DEVICES");
        start.Environment.Remove("VLLM_API_KEY");
        return new EngineProcess(Process.Start(start)!, port);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async Task<EngineProcess> HealthyAsync()
    {
        await EngineClient.UntilAsync(async () =>
        {
            Assert.False(_process.HasExited, Log);
            return await IsHealthyAsync();
        }, "the engine is healthy");
        return this;
    }

    public async Task<bool> IsHealthyAsync()
    {
        try
        {
            using var response = await Client.Http.GetAsync("/health");
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{Id}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
        {
            _log.AppendLine(line.Data);
        }
    }
}
