using System.Diagnostics;
using System.Text.Json;

namespace Podvirt.LoadTest.Proxies;

/// <summary>Another part of this executable, asked by lines on its standard input. It ends when that is closed, so also when this process does.</summary>
internal sealed class ControlledProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ControlledProcess(Process process)
    {
        _process = process;
    }

    public int Id => _process.Id;

    public static ControlledProcess Start(params string[] arguments)
    {
        // In a session of its own, out of a Ctrl-C's reach: this process ends first, and closes the pipes.
        var start = new ProcessStartInfo("setsid", [Environment.ProcessPath!, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        return new ControlledProcess(Process.Start(start)!);
    }

    public async Task<string> ReadLineAsync() =>
        await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"'{string.Join(' ', _process.StartInfo.ArgumentList)}' ended unexpectedly.");

    public async Task<T> AskAsync<T>(object question)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(question, ControlJson.Options));
        await _process.StandardInput.FlushAsync();
        return JsonSerializer.Deserialize<T>(await ReadLineAsync(), ControlJson.Options)!;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
