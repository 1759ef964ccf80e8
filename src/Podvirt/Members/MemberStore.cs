using System.Security.Cryptography;
using Podvirt.Messaging;

namespace Podvirt.Members;

/// <summary>Members in the state store. Every call of the console reads them there, so a change holds from the next call on, at every server.</summary>
internal sealed class MemberStore(IStateStore store, TimeProvider time)
{
    public const int NameLengthMax = 100;
    public const int EmailLengthMax = 254;

    /// <summary>Far more than one installation's people; a runaway script is stopped here.</summary>
    public const int CountMax = 10_000;

    private const int IdBytes = 6;

    /// <summary>The address as it is kept and compared; null: it is none.</summary>
    public static string? EmailOf(string? text)
    {
        var email = text?.Trim().ToLowerInvariant() ?? "";
        var at = email.IndexOf('@', StringComparison.Ordinal);
        return email.Length <= EmailLengthMax && at > 0 && at == email.LastIndexOf('@') && at < email.Length - 1 && !email.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))
            ? email
            : null;
    }

    /// <summary>All, oldest first.</summary>
    public async Task<IReadOnlyList<Member>> ListAsync(CancellationToken cancellationToken)
    {
        var entries = await store.ListAsync(Member.StatePrefix, cancellationToken);
        return [.. entries.Select(e => e.Read<Member>()).OrderBy(m => m.CreatedAt).ThenBy(m => m.Id, StringComparer.Ordinal)];
    }

    public async Task<Member?> FindAsync(string id, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).FirstOrDefault(m => m.Id == id);

    public async Task<Member?> ReadAsync(string stateKey, CancellationToken cancellationToken) =>
        (await store.GetAsync(stateKey, cancellationToken))?.Read<Member>();

    /// <summary>Whoever signs in with this address and a password.</summary>
    public Task<Member?> FindByEmailAsync(string email, CancellationToken cancellationToken) => ReadAsync(Member.StateKeyOf(email), cancellationToken);

    /// <returns>Null: somebody has this login already.</returns>
    public async Task<Member?> CreateAsync(Func<string, DateTimeOffset, Member> make, CancellationToken cancellationToken)
    {
        var member = make(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)), time.GetUtcNow());
        return await store.CreateAsync(member.StateKey, StateJson.ToBytes(member), cancellationToken) is null ? null : member;
    }

    /// <summary>The member as it is afterwards; null when that one is gone, also where somebody else has the login since.</summary>
    /// <param name="member">As it was read.</param>
    /// <param name="change">May run more than once. Returns what it was given where there is nothing to change.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Member?> UpdateAsync(Member member, Func<Member, Member> change, CancellationToken cancellationToken)
    {
        while (await store.GetAsync(member.StateKey, cancellationToken) is { } entry)
        {
            var known = entry.Read<Member>();
            if (known.Id != member.Id)
            {
                return null;
            }
            var changed = change(known);
            if (ReferenceEquals(changed, known) || await store.UpdateAsync(entry.Key, StateJson.ToBytes(changed), entry.Revision, cancellationToken) is not null)
            {
                return changed;
            }
        }
        return null;
    }

    /// <summary>False: there was no such member.</summary>
    public async Task<bool> RemoveAsync(Member member, CancellationToken cancellationToken)
    {
        while (await store.GetAsync(member.StateKey, cancellationToken) is { } entry && entry.Read<Member>().Id == member.Id)
        {
            if (await store.DeleteAsync(entry.Key, entry.Revision, StateDurability.Machine, cancellationToken))
            {
                return true;
            }
        }
        return false;
    }
}
