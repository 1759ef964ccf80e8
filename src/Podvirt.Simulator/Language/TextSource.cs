using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Language;

/// <summary>Which part of a reply a token belongs to.</summary>
internal enum Part
{
    Thinking,
    Answer,

    /// <summary>The name of a function that is called; the next one begins the next call.</summary>
    CallName,

    CallArguments,
}

/// <summary>Hands out the tokens of pieces of text one at a time; the pieces are only written when they are needed.</summary>
internal sealed class TextSource(IEnumerable<(Part Part, string Text)> pieces) : IDisposable
{
    private readonly IEnumerator<(Part Part, string Text)> _pieces = pieces.GetEnumerator();
    private readonly List<int> _tokens = [];
    private int _next;

    /// <returns>False at the natural end.</returns>
    public bool TryNext(out int token, out Part part)
    {
        while (_next == _tokens.Count)
        {
            _tokens.Clear();
            _next = 0;
            if (!_pieces.MoveNext())
            {
                (token, part) = (SpecialTokens.End, Part.Answer);
                return false;
            }

            Tokenizer.Encode(_pieces.Current.Text, _tokens);
        }

        token = _tokens[_next++];
        part = _pieces.Current.Part;
        return true;
    }

    public void Dispose() => _pieces.Dispose();
}
