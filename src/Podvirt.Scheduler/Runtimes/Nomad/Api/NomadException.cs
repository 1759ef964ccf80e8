using System.Net;

namespace Podvirt.Scheduler.Runtimes.Nomad.Api;

internal enum NomadFailure
{
    /// <summary>No answer, or one that asks to come again, as often as was tried.</summary>
    Unavailable,

    /// <summary>The token may not do this.</summary>
    Denied,

    NotFound,

    /// <summary>A compare-and-set was lost: the job is another than was thought.</summary>
    Conflict,

    /// <summary>What was asked for makes no sense to Nomad.</summary>
    Refused,
}

/// <summary>Nomad did not do what it was asked for; the message says what that was and carries its words.</summary>
internal sealed class NomadException : IOException
{
    public NomadException(NomadFailure failure, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Failure = failure;
    }

    public NomadFailure Failure { get; }

    /// <summary>
    /// Nomad's errors are plain text, mostly with status 500, and those that one server hands on for another may have a prefix: the
    /// words decide, not the number.
    /// </summary>
    /// <returns>Null: ask again.</returns>
    public static NomadFailure? Classify(HttpStatusCode status, string text)
    {
        if (text.Contains("Enforcing job modify index", StringComparison.Ordinal))
        {
            return NomadFailure.Conflict;
        }

        if (status == HttpStatusCode.Forbidden || text.Contains("Permission denied", StringComparison.Ordinal))
        {
            return NomadFailure.Denied;
        }

        if (status == HttpStatusCode.NotFound
            || (status == HttpStatusCode.InternalServerError && text.Contains("not found", StringComparison.Ordinal)))
        {
            return NomadFailure.NotFound;
        }

        return status == HttpStatusCode.TooManyRequests || (int)status >= 500 ? null : NomadFailure.Refused;
    }
}
