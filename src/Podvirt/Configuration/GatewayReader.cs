namespace Podvirt.Configuration;

/// <summary>Reads <c>gateway</c>.</summary>
internal static class GatewayReader
{
    public static GatewaySettings Read(MapReader top)
    {
        var defaults = new GatewaySettings();
        if (top.TakeMap("gateway", "gateway: { client_grace: 30s }") is not { } map)
        {
            return defaults;
        }
        var settings = new GatewaySettings
        {
            CommentGrace = map.TakeDuration("comment_grace", TimeSpan.Zero, TimeSpan.FromMinutes(1)) ?? defaults.CommentGrace,
            CommentInterval = map.TakeDuration("comment_interval", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)) ?? defaults.CommentInterval,
            ConnectTimeout = map.TakeDuration("connect_timeout", TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)) ?? defaults.ConnectTimeout,
            HeadTimeout = map.TakeDuration("head_timeout", TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)) ?? defaults.HeadTimeout,
            IdleTimeout = map.TakeDuration("idle_timeout", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)) ?? defaults.IdleTimeout,
            Suspension = map.TakeDuration("suspension", TimeSpan.Zero, TimeSpan.FromMinutes(5)) ?? defaults.Suspension,
            Attempts = map.TakeWhole("attempts", defaults.Attempts, 1, 10),
            AffinityBound = map.TakeNumber("affinity_bound", defaults.AffinityBound, 1, 100),
            ClientRate = (int)(map.TakeMemory("client_rate", 1, 1L << 30) ?? defaults.ClientRate),
            ClientGrace = map.TakeDuration("client_grace", TimeSpan.FromSeconds(2), TimeSpan.FromHours(1)) ?? defaults.ClientGrace,
            ClientHeadTimeout = map.TakeDuration("client_head_timeout", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)) ?? defaults.ClientHeadTimeout,
            ClientIdleTimeout = map.TakeDuration("client_idle_timeout", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)) ?? defaults.ClientIdleTimeout,
            IoThreads = map.TakeWhole("io_threads", defaults.IoThreads, 1, 64),
            KeptResponses = map.TakeWhole("kept_responses", defaults.KeptResponses, 0, 10_000_000),
            KeptResponseTime = map.TakeDuration("kept_response_time", TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)) ?? defaults.KeptResponseTime,
            ChunkWait = map.TakeDuration("chunk_wait", TimeSpan.Zero, TimeSpan.FromSeconds(10)) ?? defaults.ChunkWait,
            ListenH2c = ReadListenH2c(map),
        };
        map.Close();
        return settings;
    }

    private static Uri? ReadListenH2c(MapReader map)
    {
        const string Remedy = "write one such as http://127.0.0.1:8081";
        if (map.TakeText("listen_h2c") is not { } text)
        {
            return null;
        }
        if (!ConfigReader.TryParseOrigin(text, out var url))
        {
            map.Error("listen_h2c", $"'{text}' is not an address", Remedy);
            return null;
        }
        if (url.Scheme != Uri.UriSchemeHttp)
        {
            map.Error("listen_h2c", $"'{text}' is for HTTP/2 with TLS, which an https address given with --listen serves beside HTTP/1.1", Remedy);
            return null;
        }
        if (url.Port == 0)
        {
            map.Error("listen_h2c", $"'{text}' leaves the port to chance", Remedy);
            return null;
        }
        return url;
    }
}
