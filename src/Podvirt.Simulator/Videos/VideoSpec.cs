using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Videos;

/// <summary>What a video shows, and how long.</summary>
/// <param name="Prompt">What to show.</param>
/// <param name="Seed">The same seed and the rest the same make the same bytes.</param>
/// <param name="Frames">At least one.</param>
internal sealed record VideoSpec(string Prompt, long Seed, FrameSize Size, int FramesPerSecond, int Frames)
{
    /// <summary>In seconds.</summary>
    public double Seconds => (double)Frames / FramesPerSecond;
}
