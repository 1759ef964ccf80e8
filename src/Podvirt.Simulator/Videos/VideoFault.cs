using System.Globalization;
using Podvirt.Simulator.Faults;

namespace Podvirt.Simulator.Videos;

/// <summary>A video that could not be made, as its job shows it.</summary>
internal sealed class VideoException(int code, string message) : Exception(message)
{
    /// <summary>An HTTP status of 400 or more.</summary>
    public int Code => code;
}

/// <summary>The one fault that hits one video, taken from the book when it starts and acted on half way through.</summary>
internal enum VideoFault
{
    None,
    Fail,
    Hang,

    /// <summary>Hangs, and does not hear that it is cancelled.</summary>
    HangDeaf,
    Lose,
    Die,
}

/// <summary>Reads the faults of videos from the book.</summary>
internal static class VideoFaults
{
    public static (VideoFault Fault, VideoException? Failure) Take(FaultBook book)
    {
        if (book.Take(FaultNames.FailVideo) is { } fail)
        {
            return (VideoFault.Fail, Failure(fail.Argument));
        }

        if (book.Take(FaultNames.HangVideo) is { } hang)
        {
            return (hang.Argument is null ? VideoFault.Hang : VideoFault.HangDeaf, null);
        }

        return (book.Take(FaultNames.LoseVideo) is not null ? VideoFault.Lose
            : book.Take(FaultNames.DieInVideo) is not null ? VideoFault.Die : VideoFault.None, null);
    }

    /// <param name="argument">A reason, with a status and a colon before it where it is not 500; or null.</param>
    private static VideoException Failure(string? argument)
    {
        var parts = (argument ?? "CUDA error: an illegal memory access was encountered").Split(':', 2);
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code is >= 400 and <= 599
            ? new VideoException(code, parts[1])
            : new VideoException(StatusCodes.Status500InternalServerError, string.Join(':', parts));
    }
}
