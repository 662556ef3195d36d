#pragma once
/// \file
/// EIP-225's published cases of voting. A chain is written as a word a block: the signer's letter, and where
/// it votes the subject's with + (let in) or - (put out) before it.

#include <optional>

#include "consensus/errors.hpp"

namespace quarry::test {

struct CliqueCase {
  const char* what;
  const char* signers;
  const char* blocks;
  const char* result;  ///< signers in the end
  std::optional<BlockRule> failure = {};
  std::uint64_t epoch = 30000;
};

inline constexpr CliqueCase kCliqueCases[] = {
    {"nothing voted", "A", "A", "A"},
    {"one lets in a second, who must agree to a third", "A", "A+B B A+C", "AB"},
    {"two let in two, and the third needs three", "AB", "A+C B+C A+D B+D C A+E B+E", "ABCD"},
    {"one puts itself out", "A", "A-A", ""},
    {"two must agree to put out one: not met", "AB", "A-B", "AB"},
    {"two must agree to put out one: met", "AB", "A-B B-B", "A"},
    {"two of three put out the third", "ABC", "A-C B-C", "AB"},
    {"two of four do not suffice", "ABCD", "A-C B-C", "ABCD"},
    {"three of four do", "ABCD", "A-D B-D C-D", "ABC"},
    {"a vote for counts once", "AB", "A+C B A+C B A+C", "AB"},
    {"several can be let in at once", "AB", "A+C B A+D B A B+D A B+C", "ABCD"},
    {"a vote against counts once", "AB", "A-B B A-B B A-B", "AB"},
    {"several can be put out at once", "ABCD", "A-C B C A-D B C A B-D C-D A B-C", "AB"},
    {"who is put out takes its votes against along", "ABC", "C-B A-C B-C A-B", "AB"},
    {"who is put out takes its votes for along", "ABC", "C+D A-C B-C A+D", "AB"},
    {"no cascade", "ABCD", "A-C B C A-D B-C C A B-D C-D", "ABC"},
    {"a majority that came about elsewhere acts when touched", "ABCD", "A-C B C A-D B-C C A B-D C-D A C+C",
     "AB"},
    {"or is gone when touched", "ABCD", "A-C B C A-D B-C C A B-D C-D A B+C", "ABC"},
    {"votes do not outlive a change of their subject", "ABCDE",
     "A+F B+F C+F D-F E-F B-F C-F D+F E+F B-A C-A D-A B+F", "BCDEF"},
    {"an epoch forgets votes", "AB", "A+C B A B+C", "AB", {}, 3},
    {"a stranger signs", "A", "B", "", BlockRule::unauthorized_signer},
    {"a signer signs twice", "AB", "A A", "", BlockRule::signed_recently},
    {"a checkpoint forgets no recent signer", "ABC", "A B A A", "", BlockRule::signed_recently, 3},
};

}  // namespace quarry::test
