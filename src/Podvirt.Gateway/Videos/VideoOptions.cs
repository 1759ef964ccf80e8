namespace Podvirt.Gateway.Videos;

/// <summary>Limits and times of video jobs.</summary>
public sealed class VideoOptions
{
    /// <summary>Where uploads wait, and finished videos lie unless <see cref="Bucket"/> has them. Made when it is first needed, for its owner only.</summary>
    public string Directory { get; set; } = Path.Combine("data", "videos");

    /// <summary>Bytes of one request with its files. Default 256 MiB: a reference video of some minutes.</summary>
    public long UploadBytesMax { get; set; } = 256L << 20;

    /// <summary>Bytes of all uploads whose jobs have not ended. Default 4 GiB; a further one is answered 429.</summary>
    public long SpoolBytesMax { get; set; } = 4L << 30;

    /// <summary>Bytes that an upload or a video leaves free on the disk. Default 1 GiB: state and usage are on it, too.</summary>
    public long DiskFreeMin { get; set; } = 1L << 30;

    /// <summary>Unfinished jobs of all projects. Default 1,000: each is polled. A further one is answered 429.</summary>
    public int JobsMax { get; set; } = 1000;

    /// <summary>Unfinished jobs of one project. Default 32; a further one is answered 429.</summary>
    public int ProjectJobsMax { get; set; } = 32;

    /// <summary>Videos of one project that are kept. Default 1,000; then some have to be deleted, or go by their age.</summary>
    public int ProjectVideosMax { get; set; } = 1000;

    /// <summary>Bytes of a project's uploads and videos. Default 20 GiB; then some have to be deleted, or go by their age.</summary>
    public long ProjectBytesMax { get; set; } = 20L << 30;

    /// <summary>Bytes of one video. Default 2 GiB: a minute in high quality has a tenth of it. An engine that sends more is cut.</summary>
    public long FileBytesMax { get; set; } = 2L << 30;

    /// <summary>How long a job and its video are kept from its end. Default 7 days.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a job waits for a replica. Default 24 hours: nobody holds a connection for it.</summary>
    public TimeSpan WaitMax { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Time between two questions to the engine about one job. Default 1 s: a video takes minutes.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an engine may take for one answer about a job. Default 10 s: engines answer while they work.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an engine may fail to answer about a job before the job counts as lost. Default 30 s: the scheduler has found a dead one long
    /// before, and its replica leaves the routes.
    /// </summary>
    public TimeSpan SilenceMax { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an engine may work on one job. Default 2 hours; then the job is cancelled there and has failed.</summary>
    public TimeSpan RunTimeMax { get; set; } = TimeSpan.FromHours(2);

    /// <summary>How long a call that waits for its video does so. Default 10 minutes, as vllm-omni's own.</summary>
    public TimeSpan SyncTimeMax { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a job waits after a restart for the replica that worked on it. Default 30 s: those that live are adopted within a few.</summary>
    public TimeSpan RejoinWait { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Seconds that are reserved of the limits for a job that does not say how long its video is. Default 8.</summary>
    public int ReservedSeconds { get; set; } = 8;

    /// <summary>Where finished videos go; null: into the folder.</summary>
    public BucketOptions? Bucket { get; set; }
}

/// <summary>A bucket that speaks S3.</summary>
/// <param name="Endpoint">Null: Amazon's own, by the region.</param>
/// <param name="Prefix">What its objects' names begin with. Nobody else's may: what is unknown there is swept.</param>
/// <param name="PathStyle">The bucket stands in the path, not in the host's name.</param>
public sealed record BucketOptions(Uri? Endpoint, string Bucket, string Region, string AccessKey, string SecretKey, bool PathStyle, string Prefix);
