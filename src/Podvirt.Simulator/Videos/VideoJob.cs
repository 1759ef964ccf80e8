namespace Podvirt.Simulator.Videos;

internal enum VideoStatus
{
    Queued,
    InProgress,
    Completed,
    Failed,
}

/// <summary>How far a job is: replaced as a whole by the one task that runs it, read by everybody.</summary>
/// <param name="StartedAt">On the monotonic clock, once it runs.</param>
/// <param name="CompletedAt">In Unix seconds, once it has ended.</param>
/// <param name="Failure">Why it failed.</param>
/// <param name="File">The mp4 file of a completed one.</param>
internal sealed record VideoState(
    VideoStatus Status, long? StartedAt = null, long? CompletedAt = null, VideoException? Failure = null, byte[]? File = null,
    double? InferenceSeconds = null)
{
    public static readonly VideoState New = new(VideoStatus.Queued);
}

/// <summary>A video that is made while nobody waits on a connection. Lives in memory, as long as the engine does.</summary>
/// <param name="number">Which job it is, counted from the start of the engine.</param>
internal sealed class VideoJob(long number, string id, string model, VideoRequest request, VideoSpec spec, long createdAt, TimeSpan duration)
{
    private volatile VideoState _state = VideoState.New;

    public long Number => number;

    public string Id => id;

    public string Model => model;

    public VideoRequest Request => request;

    public VideoSpec Spec => spec;

    /// <summary>In Unix seconds.</summary>
    public long CreatedAt => createdAt;

    public string FileName => $"{id}.mp4";

    public VideoState State
    {
        get => _state;
        set => _state = value;
    }

    /// <summary>Ends the job's task.</summary>
    public CancellationTokenSource Cancellation { get; } = new();

    /// <summary>Runs the job to its end, and never fails.</summary>
    public Task Run { get; set; } = Task.CompletedTask;

    /// <summary>From 0 to 100, which is a completed one's; a guess by the time that has passed.</summary>
    public int Progress(VideoState state, TimeProvider time) => state switch
    {
        { Status: VideoStatus.Completed } => 100,
        { Status: VideoStatus.InProgress, StartedAt: { } started } when duration > TimeSpan.Zero =>
            (int)Math.Min(99, 100 * (time.GetElapsedTime(started) / duration)),
        _ => 0,
    };
}
