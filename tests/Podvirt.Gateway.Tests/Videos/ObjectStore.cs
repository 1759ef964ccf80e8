using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Videos;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>A server that speaks S3, on loopback, with one bucket. The build installs it from the registry of npm.</summary>
internal sealed class ObjectStore : IAsyncDisposable
{
    private const string Bucket = "videos";

    private readonly Process _process;
    private readonly string _folder;
    private readonly StringBuilder _output = new();

    private ObjectStore(Process process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        Endpoint = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Endpoint { get; }

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
        var port = FreePort();
        var start = new ProcessStartInfo(
            "node", [program, "-d", folder, "-a", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "--configure-bucket", Bucket])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var store = new ObjectStore(Process.Start(start)!, folder, port);
        await Eventually.TrueAsync(() => IsListening(port), () => $"the server listens: {store.Output}");
        return store;
    }

    /// <summary>It is away from now on.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Home([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static bool IsListening(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
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
