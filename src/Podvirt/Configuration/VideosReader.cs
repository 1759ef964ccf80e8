using Podvirt.Gateway.Videos;

namespace Podvirt.Configuration;

/// <summary>Reads <c>videos</c>, and a model's own <c>video</c> in <see cref="VideoSpecReader"/>.</summary>
internal static class VideosReader
{
    public const string StoreExample = "store: { kind: s3, bucket: videos, region: eu-central-1, access_key_env: S3_ACCESS_KEY, secret_key_env: S3_SECRET_KEY }";
    private const string Files = "files";
    private const string Bucket = "s3";
    private const int NameLengthMax = 255;

    /// <summary>As much as one PUT of S3 takes.</summary>
    private const long BucketFileBytesMax = 5L << 30;

    /// <summary>With defaults where nothing is said; the folder is not this file's to name.</summary>
    public static VideoOptions Read(MapReader top, Func<string, string?> environment)
    {
        var options = new VideoOptions();
        if (top.TakeMap("videos", "videos: { keep: 7d }") is not { } map)
        {
            return options;
        }
        options.UploadBytesMax = map.TakeMemory("upload_bytes", 1L << 10, 1L << 40) ?? options.UploadBytesMax;
        options.SpoolBytesMax = map.TakeMemory("spool_bytes", 1L << 10, 1L << 50) ?? options.SpoolBytesMax;
        options.DiskFreeMin = map.TakeMemory("disk_free", 0, 1L << 50) ?? options.DiskFreeMin;
        options.JobsMax = map.TakeWhole("jobs", options.JobsMax, 1, 100_000);
        options.ProjectJobsMax = map.TakeWhole("project_jobs", options.ProjectJobsMax, 1, 100_000);
        options.ProjectVideosMax = map.TakeWhole("project_videos", options.ProjectVideosMax, 1, 100_000);
        options.ProjectBytesMax = map.TakeMemory("project_bytes", 1L << 10, 1L << 50) ?? options.ProjectBytesMax;
        options.FileBytesMax = map.TakeMemory("file_bytes", 1L << 10, 1L << 40) ?? options.FileBytesMax;
        options.Keep = map.TakeDuration("keep", TimeSpan.FromSeconds(1), TimeSpan.FromDays(3660)) ?? options.Keep;
        options.WaitMax = map.TakeDuration("wait", TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)) ?? options.WaitMax;
        options.PollInterval = map.TakeDuration("poll_interval", TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1)) ?? options.PollInterval;
        options.CallTimeout = map.TakeDuration("call_timeout", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)) ?? options.CallTimeout;
        options.SilenceMax = map.TakeDuration("silence", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)) ?? options.SilenceMax;
        options.RunTimeMax = map.TakeDuration("run_time", TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)) ?? options.RunTimeMax;
        options.SyncTimeMax = map.TakeDuration("sync_time", TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)) ?? options.SyncTimeMax;
        options.RejoinWait = map.TakeDuration("rejoin_wait", TimeSpan.Zero, TimeSpan.FromMinutes(10)) ?? options.RejoinWait;
        options.ReservedSeconds = map.TakeWhole("reserve_seconds", options.ReservedSeconds, 1, 3600);
        options.Bucket = ReadStore(map, environment);
        map.Close();
        if (options.Bucket is not null && options.FileBytesMax > BucketFileBytesMax)
        {
            map.Error("file_bytes", $"{Quantities.FormatMemory(options.FileBytesMax)} are more than one object takes", $"write at most {Quantities.FormatMemory(BucketFileBytesMax)}");
        }
        if (options.SpoolBytesMax < options.UploadBytesMax)
        {
            map.Warn(
                "spool_bytes", $"{Quantities.FormatMemory(options.SpoolBytesMax)} is less than upload_bytes, {Quantities.FormatMemory(options.UploadBytesMax)}",
                "the largest uploads are always refused");
        }
        return options;
    }

    private static BucketOptions? ReadStore(MapReader videos, Func<string, string?> environment)
    {
        if (videos.TakeMap("store", StoreExample) is not { } store)
        {
            return null;
        }
        var kind = store.TakeRequiredText("kind", $"choose {Files} (the data folder) or {Bucket} (a bucket that speaks S3)");
        if (kind != Bucket)
        {
            if (kind.Length > 0 && kind != Files)
            {
                store.Error("kind", $"'{kind}' is not a kind of store", $"choose {Files} (the data folder) or {Bucket} (a bucket that speaks S3)");
            }
            foreach (var key in new[] { "endpoint", "bucket", "region", "access_key_env", "secret_key_env", "path_style", "prefix" })
            {
                store.Refuse(key, $"has no meaning for the kind '{Files}'");
            }
            store.Close();
            return null;
        }
        var bucket = new BucketOptions(
            ReadEndpoint(store),
            ReadName(store, "bucket", store.TakeRequiredText("bucket", "name a bucket that is there")),
            ReadName(store, "region", store.TakeText("region") ?? "us-east-1"),
            ReadSecret(store, "access_key_env", environment),
            ReadSecret(store, "secret_key_env", environment),
            ReadFlag(store, "path_style"),
            ReadName(store, "prefix", store.TakeText("prefix") ?? "podvirt/videos/"));
        store.Close();
        return bucket;
    }

    private static Uri? ReadEndpoint(MapReader store)
    {
        if (store.TakeText("endpoint") is not { } text)
        {
            return null;
        }
        if (ConfigReader.TryParseOrigin(text, out var endpoint))
        {
            return endpoint;
        }
        store.Error("endpoint", $"'{text}' is not the address of a server", "write scheme and host without a path, such as https://s3.example.com");
        return null;
    }

    private static string ReadName(MapReader store, string key, string text)
    {
        if (text.Length > NameLengthMax || text.Any(c => c is <= ' ' or > '~'))
        {
            store.Error(key, $"'{text}' is not allowed", $"write at most {NameLengthMax} printable ASCII characters without spaces");
        }
        return text;
    }

    private static string ReadSecret(MapReader store, string key, Func<string, string?> environment)
    {
        var name = store.TakeRequiredText(key, "name the environment variable that holds it");
        var value = name.Length == 0 ? null : environment(name)?.Trim();
        if (name.Length > 0 && string.IsNullOrEmpty(value))
        {
            store.Error(key, $"the environment variable {name} is not set", "set it for the server, or name the one that is");
        }
        return value ?? "";
    }

    private static bool ReadFlag(MapReader store, string key)
    {
        var text = store.TakeText(key);
        if (text is not (null or "true" or "false"))
        {
            store.Error(key, $"'{text}' is not allowed", "write true or false");
        }
        return text == "true";
    }
}
