#include "core/account.hpp"

namespace quarry {

Bytes encode_account(const Account& account) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  to.write(account.nonce)
      .write(account.balance)
      .write(account.storage_root)
      .write(account.code_hash)
      .end_list(mark);
  return to.take();
}

rlp::Decoded<Account> decode_account(ByteView bytes) {
  auto list = rlp::decode_list(bytes);
  if (!list) return rlp::fail(list.error());
  Account out;
  if (auto ok = list->read(out.nonce); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.balance); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.storage_root); !ok) return rlp::fail(ok.error());
  if (auto ok = list->read(out.code_hash); !ok) return rlp::fail(ok.error());
  if (auto ok = list->finish(); !ok) return rlp::fail(ok.error());
  return out;
}
}  // namespace quarry
