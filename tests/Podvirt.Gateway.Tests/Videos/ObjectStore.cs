using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Videos;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>A server that speaks S3, on loopback, with one bucket. The build installs it from the registry of npm.</summary>
internal sealed partial class ObjectStore : IAsyncDisposable
{
    private const string Bucket = "videos";

    private readonly Process _process;
    private readonly string _folder;
    private readonly StringBuilder _output = new();
    private TcpListener? _refusing;

    private ObjectStore(Process process, string folder)
    {
        _process = process;
        _folder = folder;
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Where it says that it listens.</summary>
    public Uri Endpoint => new($"http://127.0.0.1:{Listening().Match(Output).Groups["port"].Value}");

    public BucketOptions Options => new(Endpoint, Bucket, "us-east-1", "S3RVER", "S3RVER", PathStyle: true, "kept/");

    /// <summary>All objects, as the server keeps them.</summary>
    public IEnumerable<string> Objects => Directory.EnumerateFiles(Path.Combine(_folder, Bucket), "*_object", SearchOption.AllDirectories);

    private string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static async Task<ObjectStore> StartAsync()
    {
        var program = Path.Combine(Home(), "..", "ObjectStore", "node_modules", "s3rver", "bin", "s3rver.js");
        Assert.True(File.Exists(program), $"{program} is missing: './build.sh test' installs it.");
        var folder = Directory.CreateTempSubdirectory("podvirt-s3-").FullName;
        var start = new ProcessStartInfo("node", [program, "-d", folder, "-a", "127.0.0.1", "-p", "0", "--configure-bucket", Bucket])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var store = new ObjectStore(Process.Start(start)!, folder);
        await Eventually.TrueAsync(() => Listening().IsMatch(store.Output), () => $"the server listens: {store.Output}");
        return store;
    }

    /// <summary>It is away from now on. Its port stays taken: nobody else must be asked for videos there.</summary>
    public async Task StopAsync()
    {
        await KillAsync();
        var refusing = new TcpListener(IPAddress.Loopback, Endpoint.Port);
        try
        {
            refusing.Start();
        }
        catch (SocketException)
        {
            // Somebody's own connection has the port by now: nobody answers there either.
            return;
        }
        _refusing = refusing;
        _ = RefuseAsync(refusing);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _refusing?.Stop();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await _process.WaitForExitAsync();
    }

    private static async Task RefuseAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var caller = await listener.AcceptSocketAsync();
                caller.LingerState = new LingerOption(enable: true, seconds: 0);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static string Home([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex(@"listening on \S+:(?<port>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Listening();

    private void Append(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
