namespace Podvirt.Chats;

/// <summary>How many frames go together to whoever looks at them.</summary>
internal static class FramePages
{
    /// <summary>Frames of one page, and bytes after which it ends.</summary>
    private const int FramesMax = 1_000;
    private const int BytesMax = 1 << 20;

    /// <param name="blocks">In their order; read as far as the page goes.</param>
    /// <param name="after">Number of the last frame of the page before.</param>
    /// <returns>The page, and where the next one begins; null: there is nothing more so far.</returns>
    public static (IReadOnlyList<Frame> Frames, long? Next) Cut(IEnumerable<FrameBlock> blocks, long after)
    {
        var frames = new List<Frame>();
        var bytes = 0;
        foreach (var frame in blocks.Where(b => b.First + b.Count - 1 > after).SelectMany(b => b.Unpack()).Where(f => f.N > after))
        {
            if (frames.Count == FramesMax || bytes > BytesMax)
            {
                return (frames, frames[^1].N);
            }
            frames.Add(frame);
            bytes += frame.Bytes.Length;
        }
        return (frames, null);
    }
}
