using System.Runtime.InteropServices;

namespace Podvirt.Gateway.Videos;

/// <summary>How many jobs there are, and what they hold.</summary>
/// <param name="SpoolBytes">Of uploads whose jobs have not ended.</param>
/// <param name="FileBytes">Of finished videos.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct VideoHoldings(int Queued, int Running, int Completed, int Failed, long SpoolBytes, long FileBytes)
{
    public int Unfinished => Queued + Running;

    public int Jobs => Unfinished + Completed + Failed;

    public long Bytes => SpoolBytes + FileBytes;

    public static VideoHoldings Of(VideoJob job) => new(
        job.Stage == VideoStage.Queued ? 1 : 0,
        job.Stage is VideoStage.Running or VideoStage.Settling ? 1 : 0,
        job.Stage == VideoStage.Completed ? 1 : 0,
        job.Stage == VideoStage.Failed ? 1 : 0,
        job.HasEnded ? 0 : job.SpoolBytes,
        job.End?.FileBytes ?? 0);

    public static VideoHoldings operator +(VideoHoldings a, VideoHoldings b) => new(
        a.Queued + b.Queued, a.Running + b.Running, a.Completed + b.Completed, a.Failed + b.Failed, a.SpoolBytes + b.SpoolBytes, a.FileBytes + b.FileBytes);

    public static VideoHoldings operator -(VideoHoldings a, VideoHoldings b) => new(
        a.Queued - b.Queued, a.Running - b.Running, a.Completed - b.Completed, a.Failed - b.Failed, a.SpoolBytes - b.SpoolBytes, a.FileBytes - b.FileBytes);
}
