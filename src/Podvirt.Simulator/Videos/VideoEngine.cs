using System.Diagnostics;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Videos;

/// <summary>Makes videos: as many at a time as the options say, first come first served, each for as long as the options make it take.</summary>
/// <param name="stopping">Ends what would never end.</param>
internal sealed class VideoEngine(SimulatedEngine engine, CancellationToken stopping)
{
    /// <summary>Samples of luma in all frames; a longer or larger video has no room on the gpu. Over 3 minutes of 1280x720 at 24 frames a second.</summary>
    private const long SamplesMax = 4L << 30;

    /// <summary>Of a frame.</summary>
    private const int SamplesMin = FrameSize.Macroblock * FrameSize.Macroblock;

    /// <summary>Too many for frames of any size.</summary>
    public const int FramesTooMany = (int)(SamplesMax / SamplesMin) + 1;

    private const int FramesPerSecondMax = 1_000;

    /// <summary>How long a video takes once it is its turn.</summary>
    public TimeSpan DurationOf(VideoSpec spec) => engine.Options.VideoTime * spec.Seconds;

    /// <summary>
    /// 1. wait for the turn, 2. begin, 3. draw and encode, beside the time that the model would take, 4. give the turn to the next.
    /// </summary>
    /// <param name="spec">What to make.</param>
    /// <param name="begin">Called when it is its turn.</param>
    /// <returns>An mp4 file; null when a fault loses it.</returns>
    /// <exception cref="VideoException">It could not be made.</exception>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public async Task<byte[]?> MakeAsync(VideoSpec spec, Action begin, CancellationToken token)
    {
        engine.Stats.Arrived();
        var aborted = true;
        try
        {
            await engine.Videos.EnterAsync(1, token);
            try
            {
                begin();
                var file = await RunAsync(spec, token);
                aborted = false;
                return file;
            }
            finally
            {
                engine.Videos.Leave(1);
            }
        }
        finally
        {
            engine.Stats.Departed(aborted);
        }
    }

    private async Task<byte[]?> RunAsync(VideoSpec spec, CancellationToken token)
    {
        var (fault, failure) = VideoFaults.Take(engine.Faults);
        // Deaf from the beginning: who cancels it as soon as it runs is not heard either.
        token = fault == VideoFault.HangDeaf ? stopping : token;
        if ((long)spec.Size.Macroblocks * SamplesMin * spec.Frames > SamplesMax || !ParameterSets.Allow(spec.Size))
        {
            throw new VideoException(StatusCodes.Status500InternalServerError, "CUDA out of memory.");
        }

        if (spec.FramesPerSecond > FramesPerSecondMax)
        {
            throw new VideoException(StatusCodes.Status500InternalServerError, $"The encoder does not support {spec.FramesPerSecond} frames per second.");
        }

        var half = DurationOf(spec) / 2;
        var file = Task.Run(() => VideoMaker.Make(spec, token), token);
        await Task.WhenAll(file, Task.Delay(half, engine.Time, token));
        switch (fault)
        {
            case VideoFault.Fail:
                throw failure!;
            case VideoFault.Lose:
                return null;
            case VideoFault.Hang or VideoFault.HangDeaf:
                await Task.Delay(Timeout.InfiniteTimeSpan, engine.Time, token);
                break;
            case VideoFault.Die:
                // As if killed from outside: no handler runs, and no job is settled.
                Process.GetCurrentProcess().Kill();
                await Task.Delay(Timeout.InfiniteTimeSpan, engine.Time, CancellationToken.None);
                break;
            default:
                break;
        }

        await Task.Delay(half, engine.Time, token);
        return await file;
    }
}
