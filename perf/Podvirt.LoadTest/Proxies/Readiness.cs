using System.Net;
using System.Net.Sockets;

namespace Podvirt.LoadTest.Proxies;

/// <summary>Finds free ports and waits until somebody serves there.</summary>
internal static class Readiness
{
    private static readonly TimeSpan s_allowance = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private static readonly HttpClient s_client = new(new SocketsHttpHandler { UseProxy = false });

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Waits until a GET of the path answers 200.</summary>
    /// <exception cref="InvalidOperationException">The process ended, or it took more than a minute.</exception>
    public static async Task WaitAsync(OwnedProcess process, int port, string path, string? key = null)
    {
        var deadline = Environment.TickCount64 + (long)s_allowance.TotalMilliseconds;
        while (!await AnswersAsync(port, path, key))
        {
            if (!process.IsRunning || Environment.TickCount64 > deadline)
            {
                throw new InvalidOperationException($"Nobody serves {path} on port {port}. Its output:\n{await File.ReadAllTextAsync(process.Log)}");
            }
            await Task.Delay(s_pause);
        }
    }

    private static async Task<bool> AnswersAsync(int port, string path, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}{path}");
        if (key is not null)
        {
            request.Headers.Authorization = new("Bearer", key);
        }
        try
        {
            using var reply = await s_client.SendAsync(request);
            return reply.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
