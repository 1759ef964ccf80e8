using System.Runtime.InteropServices;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos.Engine;

/// <summary>What came of a question to an engine.</summary>
internal enum AnswerKind
{
    /// <summary>The job as it stands.</summary>
    Job,

    /// <summary>The engine does not know it, or has no such path.</summary>
    Gone,

    /// <summary>It has no room at present.</summary>
    Busy,

    /// <summary>It will not do it, for what was asked.</summary>
    Refused,

    /// <summary>No connection, no answer in time, an answer that is none, or a 5xx.</summary>
    Trouble,
}

/// <param name="Job">With <see cref="AnswerKind.Job"/>.</param>
/// <param name="Error">With <see cref="AnswerKind.Refused"/>: in the API's shape.</param>
/// <param name="RetryAfter">With <see cref="AnswerKind.Busy"/>; null: it did not say.</param>
/// <param name="Detail">For people.</param>
/// <param name="Trouble">With <see cref="AnswerKind.Trouble"/>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EngineAnswer(
    AnswerKind Kind, EngineJob? Job = null, ApiError? Error = null, TimeSpan? RetryAfter = null, string Detail = "", TroubleKind Trouble = default);
